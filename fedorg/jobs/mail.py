"""Letters go out: rendered from ``templates/mail``, over one SMTP server, tried again by the queue.

No address and no link is ever logged: of what a mail server says only its number is kept. What it refuses for good is
not tried again.
"""

import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from typing import Final, TypedDict

import aiosmtplib
import jinja2

from fedorg import log
from fedorg.config import Settings, SmtpServer
from fedorg.domain.jobs import SendMail, WriteOfPlan
from fedorg.domain.mail import Letter, MailKind
from fedorg.errors import Unavailable
from fedorg.node import Node
from fedorg.services import mailing, partnerships

_PACKAGE: Final = Path(__file__).parent.parent
_TEMPLATES: Final = (_PACKAGE / "templates", _PACKAGE.parent / "templates")
_SECONDS: Final = 30
_PERMANENT: Final = 500
_SUBJECTS: Final = {
    MailKind.CONFIRM: "Confirm your e-mail address for {name}",
    MailKind.RESET: "Choose a new password for {name}",
    MailKind.CHANGE: "Confirm your new e-mail address for {name}",
    MailKind.UNDO: "Your e-mail address for {name} is about to change",
    MailKind.APPROVED: "You may sign in to {name}",
    MailKind.PARTNERSHIP: "A partnership of {name} waits for you",
    MailKind.SUSPENSION: "Notice from a partner of {name}",
}

logger = log.get_logger()
_pages: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader([folder / "mail" for folder in _TEMPLATES]),
    autoescape=jinja2.select_autoescape(("html",)),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


async def send(node: Node, job: SendMail | WriteOfPlan) -> None:
    """Write a letter and hand it to the mail server; ``Unavailable`` when that should be tried again."""
    server = node.settings.smtp
    letter = None if server is None else await _write(node, job)
    if server is None or letter is None:
        logger.info("mail.not_needed", job=type(job).__name__)
        return
    try:
        await _hand_over(_message(node, letter), server, node.settings)
    except aiosmtplib.SMTPRecipientsRefused as problem:
        codes = [refusal.code for refusal in problem.recipients]
        if min(codes, default=0) < _PERMANENT:
            raise Unavailable(f"The mail server answered {codes}") from None
        logger.warning("mail.refused", kind=letter.kind.value, codes=codes)
        return
    except aiosmtplib.SMTPResponseException as problem:
        raise Unavailable(f"The mail server answered {problem.code}") from None
    except (aiosmtplib.SMTPException, OSError) as problem:
        raise Unavailable(f"The mail server is of no use: {_fault(problem)}") from None
    logger.info("mail.sent", kind=letter.kind.value)


async def _write(node: Node, job: SendMail | WriteOfPlan) -> Letter | None:
    match job:
        case SendMail():
            return await mailing.write_letter(node, job)
        case WriteOfPlan():
            return await partnerships.letter_of_plan(node, job)


def _message(node: Node, letter: Letter) -> EmailMessage:
    settings = node.settings
    values = {"node": settings, "username": letter.username, "link": letter.link, **letter.told}
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = Address(addr_spec=letter.email)
    message["Subject"] = " ".join(_SUBJECTS[letter.kind].format(name=settings.name).split())
    message["Date"] = format_datetime(node.now())
    message["Message-ID"] = make_msgid(domain=settings.web_domain.partition(":")[0])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_pages.get_template(f"{letter.kind.value}.txt").render(values))
    message.add_alternative(_pages.get_template(f"{letter.kind.value}.html").render(values), subtype="html")
    return message


async def check_server(settings: Settings, server: SmtpServer) -> str | None:
    """What is wrong with the mail server, in words without the password; None when it takes letters from this node."""
    try:
        async with aiosmtplib.SMTP(**_ways(server, settings)) as client:
            await client.noop()
    except aiosmtplib.SMTPAuthenticationError as problem:
        return f"it refuses the user name and password ({problem.code})"
    except aiosmtplib.SMTPResponseException as problem:
        return f"it answers {problem.code}"
    except (aiosmtplib.SMTPException, OSError) as problem:
        return _fault(problem)
    return None


async def _hand_over(message: EmailMessage, server: SmtpServer, settings: Settings) -> None:
    await aiosmtplib.send(message, **_ways(server, settings))


class _Ways(TypedDict):
    hostname: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    start_tls: bool
    tls_context: ssl.SSLContext | None
    timeout: float


@cache
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _ways(server: SmtpServer, settings: Settings) -> _Ways:
    """How a mail server is spoken to: never without TLS and a certificate of its name, unless its address says so."""
    return {
        "hostname": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        "use_tls": server.security == "tls",
        "start_tls": server.security == "starttls",
        "tls_context": _trusting(settings.ca_file) if server.security != "none" else None,
        "timeout": _SECONDS,
    }


def _fault(problem: BaseException) -> str:
    """Why no letter could be handed over; what the server itself said is left out."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, aiosmtplib.SMTPNotSupported):
        return "it offers no STARTTLS, or no login"
    return f"it cannot be reached: {type(problem).__name__}"
