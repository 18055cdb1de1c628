"""A mail server of this machine that keeps what the node sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True, kw_only=True)
class Letters:
    """What came, by whom it is for; ``url`` is where to send it."""

    url: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Keep a letter."""
        assert isinstance(envelope.content, bytes)
        body = message_from_bytes(envelope.content, policy=policy.default).get_body(("plain",))
        assert body is not None
        for address in envelope.rcpt_tos:
            self.texts.setdefault(address, []).append(body.get_content())
        return "250 OK"


@asynccontextmanager
async def taking_letters() -> AsyncIterator[Letters]:
    """A mail server on a free port."""
    letters = Letters()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(letters, hostname="localhost"), host="127.0.0.1", port=0)
    async with server:
        letters.url = f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield letters
