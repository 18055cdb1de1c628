"""Letters: confirming an address, choosing a new password, and what happens when the mail server is ill."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx
import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session

from fedorg import config
from fedorg.domain.accounts import UserRole
from fedorg.domain.partnerships import GrantChange
from fedorg.errors import SettingsError
from fedorg.jobs import upkeep
from fedorg.services import partnerships
from fedorg.store import users
from fedorg.store.tables import jobs
from fedorg.web.site.done import Done
from tests.node.at_once import meanwhile
from tests.node.offering import offer_of, post, running_stranger
from tests.node.serving import PASSWORD, Browser, NodeServer
from tests.node.talking import WAIT_SECONDS, WorkingServer, refusal, run_jobs, success

Serve = Callable[..., Awaitable[NodeServer]]
ADDRESS = "dora@people.example"
NEW = "another correct horse"


@dataclass
class Postbox:
    """A mail server on this machine: what came, and what it answers instead of taking it."""

    letters: list[EmailMessage] = field(default_factory=list)
    refusal: str | None = None

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a reader, or refuse them."""
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a letter."""
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def postbox() -> Postbox:
    """What comes by mail."""
    return Postbox()


@pytest.fixture
async def smtp_url(postbox: Postbox) -> AsyncIterator[str]:
    """A mail server that takes what it is given."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postbox, hostname="localhost"), host="127.0.0.1", port=0
    )
    async with server:
        yield f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def mailing(serve: Serve, smtp_url: str, **settings: object) -> AsyncIterator[WorkingServer]:
    """A node that sends mail, with its jobs run."""
    told = {"registration": "open", "smtp_url": smtp_url, "mail_from": "fedorg@node.example"}
    server = await serve(**(told | settings))
    async with run_jobs(server) as working:
        yield working


async def register(working: WorkingServer, email: str = ADDRESS) -> httpx.AsyncClient:
    """Somebody who registers through a program; a client with the token that comes back."""
    anonymous = working.server.anonymous
    made = {"client_name": "Program", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"}
    program = success(await anonymous.post("/api/v1/apps", data=made))
    grant = {key: program[key] for key in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    token = success(await anonymous.post("/oauth/token", data={**grant, "scope": "read write"}))["access_token"]
    fields = {"username": "dora", "email": email, "password": PASSWORD, "agreement": True, "locale": "en"}
    as_program = await working.server.api(token)
    answer = success(await as_program.post("/api/v1/accounts", json=fields))
    await working.settle()
    return await working.server.api(answer["access_token"])


def link_in(letter: EmailMessage) -> str:
    """The path of the page that a letter leads to; both of its forms name the same."""
    found: list[str] = []
    for kind in ("plain", "html"):
        body = letter.get_body((kind,))
        assert body is not None
        match = re.search(r"http://[^/]+(/auth/mail/[a-z]+/[A-Za-z0-9_-]+)", body.get_content())
        assert match is not None
        found.append(match[1])
    assert found[0] == found[1]
    return found[0]


async def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """Open a page and send its form."""
    return await browser.submit(await browser.open(path), path, **fields)


async def until_put_back(working: WorkingServer) -> None:
    """Wait until a job was tried in vain and is nobody's: the clock may go on, no letter of it is under way."""

    def count(conn: sa.Connection) -> int:
        waits = (jobs.c.last_error.is_not(None), jobs.c.leased_until.is_(None))
        return conn.execute(sa.select(sa.func.count()).select_from(jobs).where(*waits)).scalar_one()

    deadline = time.monotonic() + WAIT_SECONDS
    while not await working.server.node.read(count):
        assert time.monotonic() < deadline, "no job was put back"
        await asyncio.sleep(0.01)


async def who_am_i(person: httpx.AsyncClient) -> httpx.Response:
    """Whether a token is good."""
    return await person.get("/api/v1/accounts/verify_credentials")


async def test_who_registers_confirms_the_address_first(
    serve: Serve, postbox: Postbox, smtp_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then the token is good for nothing and nobody sees the account; the link is good once."""
    async with mailing(serve, smtp_url) as working:
        person = await register(working)
        assert refusal(await who_am_i(person), 403) == "Your login is missing a confirmed e-mail address"
        looked = await working.server.anonymous.get("/api/v1/accounts/lookup", params={"acct": "dora"})
        assert looked.json().get("suspended", True)
        (letter,) = postbox.letters
        assert (letter["To"], letter["From"]) == (ADDRESS, "fedorg@node.example")
        browser = await working.server.browser()
        assert "@dora" in (await browser.open(link_in(letter))).text
        assert (await who_am_i(person)).status_code == 403
        early = await browser.sign_in("dora")
        assert (early.status_code, "open the link in the letter" in early.text) == (403, True)

        confirmed = await send(browser, link_in(letter))

        assert confirmed.headers["location"] == "/auth/sign_in"
        assert await browser.said_once("/auth/sign_in") == Done.CONFIRMED
        assert success(await who_am_i(person))["username"] == "dora"
        shown = success(await working.server.anonymous.get("/api/v1/accounts/lookup", params={"acct": "dora"}))
        assert shown["suspended"] is False
        assert (await browser.open(link_in(letter))).status_code == 404
        assert ADDRESS not in capsys.readouterr().out


async def test_whoever_waited_for_approval_is_told_once(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """Whoever has confirmed gets a letter that they may sign in now; whoever has not reads it where they confirm."""
    async with mailing(serve, smtp_url, registration="approval") as working:
        boss = await working.person("boss", scopes="admin:read admin:write", role=UserRole.ADMIN)
        browsers = {name: await working.server.browser() for name in ("carla", "dora")}
        for name, browser in browsers.items():
            fields = {"username": name, "email": f"{name}@people.example", "password": PASSWORD, "agreement": "true"}
            await send(browser, "/auth/sign_up", **fields, reason="Let me in")
        await working.settle()
        letters = {letter["To"].partition("@")[0]: letter for letter in postbox.letters}
        await send(browsers["carla"], link_in(letters["carla"]))
        assert await browsers["carla"].said_once("/auth/sign_in") == Done.CONFIRMED_BEFORE_APPROVAL

        for waiting in success(await boss.api.get("/api/v1/admin/accounts", params={"pending": "true"})):
            for _ in range(2):
                await boss.api.post(f"/api/v1/admin/accounts/{waiting['id']}/approve")
        await working.settle()

        (told,) = postbox.letters[2:]
        assert (told["To"], "sign in" in told["Subject"]) == ("carla@people.example", True)
        assert f"{working.server.url}/auth/sign_in" in told.as_string()
        assert (await browsers["carla"].sign_in("carla")).status_code == 303
        await send(browsers["dora"], link_in(letters["dora"]))
        assert await browsers["dora"].said_once("/auth/sign_in") == Done.CONFIRMED


async def test_a_confirmation_is_sent_again_and_elsewhere(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """The letter before is void, a wrong address is put right, and who confirmed needs none."""
    async with mailing(serve, smtp_url) as working:
        await working.person("anna")
        boss = await working.person("boss", role=UserRole.ADMIN, scopes="admin:write")
        success(await boss.api.post("/api/v1/admin/email_domain_blocks", json={"domain": "kept-out.example"}))
        person = await register(working, "typo@people.example")
        path = "/api/v1/emails/confirmations"
        for wrong in ("not an address", "anna@people.example", "dora@kept-out.example"):
            assert (await person.post(path, json={"email": wrong})).status_code == 422
        taken = replace(boss.user, email=ADDRESS)
        node = working.server.node
        late = await meanwhile(node, lambda conn: users.update(conn, taken), person.post(path, json={"email": ADDRESS}))
        assert refusal(late, 422) == "Validation failed: Email has already been taken"
        await node.write(users.update, boss.user)
        assert success(await person.post(path)) == {}
        await working.settle()
        assert success(await person.post(path, json={"email": ADDRESS})) == {}
        await working.settle()

        assert [letter["To"] for letter in postbox.letters] == ["typo@people.example"] * 2 + [ADDRESS]
        browser = await working.server.browser()
        for void in postbox.letters[:2]:
            assert (await browser.open(link_in(void))).status_code == 404
        await send(browser, link_in(postbox.letters[2]))
        assert success(await who_am_i(person))["username"] == "dora"
        words = "This method is only available while the e-mail is awaiting confirmation"
        assert refusal(await person.post(path), 403) == words
        assert (await working.server.anonymous.post(path)).status_code == 401


async def test_a_forgotten_password_is_replaced_by_mail(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """The link sets a new one, once, and ends all that the old one opened; nobody learns who has a login."""
    async with mailing(serve, smtp_url) as working:
        anna = await working.person("anna")
        browser = await working.server.browser()
        unknown = await send(browser, "/auth/password", email="nobody@people.example")
        known = await send(browser, "/auth/password", email="Anna@People.example")
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
        assert await browser.said_once("/auth/sign_in") == Done.RESET_ASKED
        await working.settle()
        (letter,) = postbox.letters
        link = link_in(letter)

        assert (await send(browser, link, new="short", again="short")).status_code == 422
        assert (await send(browser, link, new=NEW, again="different")).status_code == 422
        assert (await send(browser, link, new=NEW, again=NEW)).status_code == 303
        assert await browser.said_once("/auth/sign_in") == Done.PASSWORD_RESET

        assert (await who_am_i(anna.api)).status_code == 401
        assert (await (await working.server.browser()).sign_in("anna")).status_code == 401
        assert (await (await working.server.browser()).sign_in("anna", NEW)).status_code == 303
        assert (await send(browser, link, new=PASSWORD, again=PASSWORD)).status_code in (403, 404)


async def test_links_end_with_their_time(serve: Serve, postbox: Postbox, smtp_url: str) -> None:
    """A link is good for hours; a name whose address nobody confirmed is free again after a week."""
    async with mailing(serve, smtp_url) as working:
        await working.person("anna")
        browser = await working.server.browser()
        await send(browser, "/auth/password", email="anna@people.example")
        await register(working)
        await working.settle()
        reset = next(letter for letter in postbox.letters if "/reset/" in link_in(letter))

        working.server.clock.advance(timedelta(hours=7))
        assert (await browser.open(link_in(reset))).status_code == 404
        working.server.clock.advance(timedelta(days=8))
        await upkeep.keep_up(working.server.node)

        assert (await working.server.anonymous.get("/api/v1/accounts/lookup?acct=dora")).status_code == 404
        assert success(await working.server.anonymous.get("/api/v1/accounts/lookup?acct=anna"))["username"] == "anna"


async def test_a_letter_waits_for_an_ill_mail_server(
    serve: Serve, postbox: Postbox, smtp_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is tried again while the server says "later", and given up when it says "never"; no log names a reader."""
    async with mailing(serve, smtp_url) as working:
        await working.person("anna")
        browser = await working.server.browser()
        postbox.refusal = f"550 No such reader {ADDRESS}"
        await send(browser, "/auth/password", email="anna@people.example")
        await working.settle()
        postbox.refusal = f"451 Come back later, {ADDRESS}"
        await send(browser, "/auth/password", email="anna@people.example")
        await until_put_back(working)
        postbox.refusal = None
        working.server.clock.advance(timedelta(seconds=30))
        await working.settle()

        assert len(postbox.letters) == 1
        told = capsys.readouterr().out
        assert "mail.refused" in told
        assert "people.example" not in told


async def test_without_mail_nothing_is_sent_and_nothing_waits(serve: Serve) -> None:
    """Whoever registers is in at once, and there is no page for forgotten passwords."""
    server = await serve(registration="open")
    async with run_jobs(server) as working:
        person = await register(working)
        assert success(await who_am_i(person))["username"] == "dora"
        browser = await server.browser()
        assert (await browser.open("/auth/password")).status_code == 404
        assert "Ask an administrator" in (await browser.open("/auth/sign_in")).text


async def test_letters_to_one_address_are_few(serve: Serve, smtp_url: str) -> None:
    """S56: the limit is bound to the address that is written to, whoever asks."""
    async with mailing(serve, smtp_url, rate_limits=1) as working:
        answers = []
        for _ in range(6):
            browser = await working.server.browser()
            answers.append((await send(browser, "/auth/password", email=ADDRESS)).status_code)

        assert answers == [303] * 5 + [429]


@pytest.mark.parametrize(
    "settings",
    [
        {"smtp_url": "smtp://mail.example"},
        {"smtp_url": "http://mail.example", "mail_from": "a@b.example"},
        {"smtp_url": "smtp://mail.example:port", "mail_from": "a@b.example"},
        {"smtp_url": "smtp://mail.example", "mail_from": "a@b.example\r\nBcc: c@d.example"},
    ],
)
def test_a_mail_server_is_named_whole(settings: dict[str, str]) -> None:
    """An address without a sender, and what is none, are refused at the start."""
    with pytest.raises(SettingsError):
        config.from_mapping(settings)


async def test_those_who_look_after_a_node_hear_of_what_is_due(serve: Serve, smtp_url: str, postbox: Postbox) -> None:
    """Once before an offer ends, and nobody else; then it ends by itself."""
    async with (
        running_stranger() as stranger,
        mailing(serve, smtp_url, federation_mode="partners", default_reach="node") as working,
    ):
        node, clock = working.server.node, working.server.clock
        for name, role in (("owner", UserRole.OWNER), ("member", UserRole.MEMBER)):
            await working.person(name, role=role)
        assert await post(working.server, stranger, offer_of(stranger, working.server, 1)) == 202
        await working.settle()

        for days, letters in ((10, 0), (2, 1), (1, 1), (2, 1)):
            clock.advance(timedelta(days=days))
            await upkeep.keep_up(node)
            await working.settle()
            assert len(postbox.letters) == letters
        (letter,) = postbox.letters
        assert letter["To"] == "owner@people.example"
        assert f"{working.server.url}/about/federation" in str(letter.get_body(("plain",)))
        assert (await partnerships.get_view(node, stranger.domain)).partnership.state == "expired"


async def test_those_who_look_after_a_node_hear_when_a_partner_stops(
    serve: Serve, smtp_url: str, postbox: Postbox
) -> None:
    """Not when a stranger offers something, but when who was a partner suspends what was agreed."""
    async with (
        running_stranger() as stranger,
        mailing(serve, smtp_url, federation_mode="partners", default_reach="node") as working,
    ):
        node = working.server.node
        await working.person("owner", role=UserRole.OWNER)
        offer = offer_of(stranger, working.server, 1)
        assert await post(working.server, stranger, offer) == 202
        await working.settle()
        await partnerships.accept(node, stranger.domain, GrantChange())
        view = await partnerships.get_view(node, stranger.domain)
        await partnerships.approve(node, stranger.domain, view.fingerprint or "")
        for number, is_suspended in ((2, False), (3, True)):
            assert postbox.letters == []
            own = offer["object"] | {"approved": True, "suspended": is_suspended}
            update = stranger.activity("Update", stranger.actor("node"), own, number)
            assert await post(working.server, stranger, update) == 202
            await working.settle()
        (letter,) = postbox.letters
        assert letter["To"] == "owner@people.example"
