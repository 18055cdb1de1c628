"""Another e-mail address: the password is asked, the new address confirms, the one before can undo it."""

from datetime import timedelta

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.errors import Forbidden
from fedorg.services import changing_address, users
from fedorg.web.site.done import Done
from tests.node.serving import PASSWORD, Browser
from tests.node.talking import WorkingServer, success
from tests.node.test_mail import NEW, Postbox, Serve, link_in, mailing, send, smtp_url, who_am_i

__all__ = ["smtp_url"]
OLD = "anna@people.example"
NEXT = "anna@new.example"


@pytest.fixture
def postbox() -> Postbox:
    """What comes by mail."""
    return Postbox()


async def ask(working: WorkingServer, browser: Browser, email: str = NEXT, password: str = PASSWORD) -> str:
    """Ask for another address on one's page; what the page says."""
    page = await browser.open("/account/email")
    answer = await browser.submit(page, "/account/email", email=email, password=password)
    await working.settle()
    assert page.status_code == 200
    if answer.status_code == 303:
        return await browser.said_once(answer.headers["Location"])
    assert answer.status_code == 422
    return answer.text


def newest(postbox: Postbox, address: str, kind: str) -> str:
    """The path in the last letter of a kind to an address."""
    found = [link_in(letter) for letter in postbox.letters if letter["To"] == address]
    return [link for link in found if f"/{kind}/" in link][-1]


async def may_sign_in(working: WorkingServer, name: str, password: str = PASSWORD) -> bool:
    return (await (await working.server.browser()).sign_in(name, password)).status_code == 303


async def test_a_member_takes_another_address(
    serve: Serve, postbox: Postbox, smtp_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both addresses get a letter; the new one counts when its link is used, once, and then stays for a week."""
    async with mailing(serve, smtp_url) as working:
        anna, bert = await working.person("anna"), await working.person("bert")
        boss = await working.person("boss", role=UserRole.ADMIN, scopes="admin:write")
        success(await boss.api.post("/api/v1/admin/email_domain_blocks", json={"domain": "kept-out.example"}))
        browser = await working.server.browser()
        await browser.sign_in("anna")
        front = (await browser.open("/")).text
        assert OLD in front
        assert 'href="/account/email"' in front
        refused = await ask(working, browser, password="guess")
        assert "password is not right" in refused
        assert refused.index('role="alert"') < refused.index("<form")
        assert refused.count("<section") == 1
        assert f'value="{NEXT}"' in refused
        assert '<a href="/">Back</a>' in refused
        # Or managers of passwords take the new address for the name that the password belongs to.
        assert '<input name="username" value="anna" autocomplete="username" hidden>' in refused
        for wrong in ("not an address", bert.user.email or "", "anna@kept-out.example", OLD):
            assert 'role="alert"' in await ask(working, browser, wrong)
        assert postbox.letters == []

        assert await ask(working, browser) == Done.EMAIL_ASKED
        assert sorted(letter["To"] for letter in postbox.letters) == sorted((NEXT, OLD))
        confirm = newest(postbox, NEXT, "change")
        stranger = await working.server.browser()
        assert "@anna" in (await stranger.open(confirm)).text
        assert await may_sign_in(working, OLD)
        assert not await may_sign_in(working, NEXT)
        await send(await working.server.browser(), "/auth/password", email=OLD)
        await working.settle()
        reset = newest(postbox, OLD, "reset")
        assert (await send(stranger, confirm)).status_code == 303
        assert await stranger.said_once("/") == Done.EMAIL_CHANGED

        assert await may_sign_in(working, NEXT)
        assert not await may_sign_in(working, OLD)
        assert success(await who_am_i(anna.api))["username"] == "anna"
        for void in (confirm, reset):
            assert (await stranger.open(void)).status_code == 404
        assert "within a week" in await ask(working, browser, "anna@third.example")
        working.server.clock.advance(timedelta(days=7, minutes=1))
        assert (await stranger.open(newest(postbox, OLD, "undo"))).status_code == 404
        browser = await working.server.browser()
        await browser.sign_in("anna")
        assert "on their way" in await ask(working, browser, "anna@third.example")
        told = capsys.readouterr().out
        assert "people.example" not in told
        assert "new.example" not in told


async def test_the_address_before_takes_a_login_back(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """Whatever whoever changed it did since: they are signed out, and the owner chooses a new password."""
    async with mailing(serve, smtp_url) as working:
        anna = await working.person("anna")
        thief = await working.server.browser()
        await thief.sign_in("anna")
        await ask(working, thief)
        changed = await send(thief, newest(postbox, NEXT, "change"))
        assert await thief.said_once("/") == Done.EMAIL_CHANGED
        await send(await working.server.browser(), "/auth/password", email=NEXT)
        await working.settle()
        chosen = await send(thief, newest(postbox, NEXT, "reset"), new=NEW, again=NEW)
        # Each leads on, somebody who is signed in, and somebody who is no more.
        assert [answer.headers["location"] for answer in (changed, chosen)] == ["/", "/auth/sign_in"]
        await thief.sign_in("anna", NEW)
        assert not await may_sign_in(working, OLD)

        owner = await working.server.browser()
        assert (await send(owner, newest(postbox, OLD, "undo"))).status_code == 303
        assert await owner.said_once("/auth/sign_in") == Done.EMAIL_KEPT
        await working.settle()
        assert (await who_am_i(anna.api)).status_code == 401
        assert "/auth/sign_in" in (await thief.open("/severed_relationships")).headers.get("Location", "")
        third = "yet another correct horse"
        assert (await send(owner, newest(postbox, OLD, "reset"), new=third, again=third)).status_code == 303

        assert await may_sign_in(working, OLD, third)
        assert not await may_sign_in(working, NEXT, third)
        for kind, address in (("undo", OLD), ("change", NEXT), ("reset", NEXT)):
            assert (await owner.open(newest(postbox, address, kind))).status_code == 404


async def test_a_change_is_called_off_before_it_is_made(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """By the address before; and by somebody who takes the new one meanwhile, or by time."""
    async with mailing(serve, smtp_url) as working:
        await working.person("anna")
        browser = await working.server.browser()
        await browser.sign_in("anna")
        await ask(working, browser)
        owner = await working.server.browser()
        await send(owner, newest(postbox, OLD, "undo"))
        assert (await owner.open(newest(postbox, NEXT, "change"))).status_code == 404
        await browser.sign_in("anna")
        await ask(working, browser, "bert@people.example")
        await working.person("bert")
        assert (await send(owner, newest(postbox, "bert@people.example", "change"))).status_code == 422
        await ask(working, browser)
        working.server.clock.advance(timedelta(days=2, minutes=1))
        assert (await owner.open(newest(postbox, NEXT, "change"))).status_code == 404
        assert await may_sign_in(working, OLD)


async def test_whoever_was_signed_out_meanwhile_asks_for_nothing(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """The password was right when the form was sent, and is another one before the letters are written."""
    async with mailing(serve, smtp_url) as working:
        anna, node = await working.person("anna"), working.server.node
        await users.change_password(node, anna.user, current=PASSWORD, new="another password")

        with pytest.raises(Forbidden):
            await changing_address.ask(node, anna.user, password=PASSWORD, email=NEXT)
        await working.settle()

    assert [letter for letter in postbox.letters if letter["To"] == NEXT] == []


async def test_without_mail_there_is_no_other_address(serve: Serve) -> None:
    """Neither the form nor what it asks for."""
    server = await serve()
    await server.person("anna")
    browser = await server.browser()
    await browser.sign_in("anna")
    page = await browser.open("/")

    assert "/account/email" not in page.text
    assert (await browser.open("/account/email")).status_code == 404
    assert (await browser.submit(page, "/account/email", email=NEXT, password=PASSWORD)).status_code == 404
