"""Mail servers with TLS and a login: a letter goes to the right one only, and the password into no log."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from fedorg.jobs.mail import check_server
from tests.fediverse.nodes import RunningNode
from tests.node.serving import NodeServer
from tests.node.talking import run_jobs
from tests.node.test_mail import Postbox, send

Serve = Callable[..., Awaitable[NodeServer]]
SECRET = "letters-secret"


@dataclass
class Office:
    """A mail server on this machine that takes letters over TLS from whoever knows the password."""

    postbox: Postbox
    context: ssl.SSLContext
    port: int

    def show(self, authority: trustme.CA, name: str) -> None:
        """Have a certificate of that name from now on."""
        authority.issue_cert(name).configure_cert(self.context)


@asynccontextmanager
async def open_office(*, is_wrapped: bool) -> AsyncIterator[Office]:
    """TLS from the first byte, or by STARTTLS, without which nothing is taken."""
    postbox, context = Postbox(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def authenticate(*given: object) -> AuthResult:
        login = given[-1]
        is_known = isinstance(login, LoginPassword) and (login.login, login.password) == (b"node", SECRET.encode())
        return AuthResult(success=is_known, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            postbox,
            hostname="localhost",
            tls_context=None if is_wrapped else context,
            require_starttls=not is_wrapped,
            auth_required=True,
            auth_require_tls=not is_wrapped,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    wrapped = context if is_wrapped else None
    async with await loop.create_server(protocol, host="127.0.0.1", port=0, ssl=wrapped) as server:
        yield Office(postbox, context, server.sockets[0].getsockname()[1])


# The server of the tests does not see that it is wrapped in TLS.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_letters_go_to_the_right_server_only(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    """Without a certificate of its name by a known authority it gets neither letter nor password; put right, it does.

    ``fedorg doctor`` says what is wrong.
    """
    authority, trusted = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    async with open_office(is_wrapped=scheme == "smtps") as office:
        url = f"{scheme}://node:{SECRET}@localhost:{office.port}"
        told = {"smtp_url": url, "mail_from": "fedorg@node.example", "ca_file": trusted}
        node = await serve(**told)
        smtp = node.node.settings.smtp
        assert smtp is not None
        office.show(authority, "mail.example")
        assert "Hostname mismatch" in str(await check_server(node.node.settings, smtp))
        office.show(trustme.CA(), "localhost")
        async with run_jobs(node) as working:
            await working.person("anna")
            await send(await node.browser(), "/auth/password", email="anna@people.example")
            logged = ""
            while "job.failed" not in logged:
                logged += capsys.readouterr().out
                await asyncio.sleep(0.02)
            assert office.postbox.letters == []
            assert "certificate is not trusted" in logged

            office.show(authority, "localhost")
            node.clock.advance(timedelta(hours=1))
            await working.settle()

        assert [letter["To"] for letter in office.postbox.letters] == ["anna@people.example"]
        assert await check_server(node.node.settings, smtp) is None
        guessed = replace(smtp, password=f"{SECRET}-guess")
        assert await check_server(node.node.settings, guessed) == "it refuses the user name and password (535)"
        said = capsys.readouterr()
        assert SECRET not in logged + said.out + said.err


async def test_the_doctor_says_what_is_wrong_with_the_mail_server(tmp_path: Path) -> None:
    """A certificate nobody vouches for is a fault; neither what it prints nor the settings show the password."""
    async with open_office(is_wrapped=False) as office:
        office.show(trustme.CA(), "localhost")
        url = f"smtp://node:{SECRET}@localhost:{office.port}"
        settings = {"FEDORG_SMTP_URL": url, "FEDORG_MAIL_FROM": "fedorg@node.example"}
        node = RunningNode(name="Node", folder=tmp_path / "node", settings=settings)
        node.begin()
        try:
            doctor, listed = await node.run_all(["doctor", "--json"], ["settings"])
        finally:
            await node.close()

    (mail,) = [finding for finding in json.loads(doctor.output) if finding["check"] == "mail"]
    assert (doctor.code, mail["verdict"]) == (1, "fault")
    assert mail["found"].startswith(f"localhost:{office.port}: its certificate is not trusted")
    assert "FEDORG_CA_FILE" in mail["advice"]
    assert SECRET not in doctor.output + doctor.complaint + listed.output + listed.complaint
