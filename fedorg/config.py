"""Settings of a node: one frozen value, read once, from ``FEDORG_*`` variables and an optional TOML file.

The environment beats the file. Every field says here what it means; ``fedorg settings`` prints this list and a test
keeps docs/settings.md equal to it. All faults are reported together. Secrets never appear in ``repr`` or errors.
"""

import ipaddress
import math
import os
import re
import ssl
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args
from urllib.parse import unquote, urlsplit

from fedorg.errors import SettingsError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
ModeName: TypeAlias = Literal["closed", "organisation", "partners", "open"]
ReachName: TypeAlias = Literal["node", "organisation", "partners", "public"]
PolicyName: TypeAlias = Literal["ignore", "queue", "accept"]
UnsignedFetch: TypeAlias = Literal["public", "actors", "none"]
ShownTo: TypeAlias = Literal["nobody", "members", "everybody"]
RegistrationMode: TypeAlias = Literal["open", "approval", "invite", "closed"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["text", "json"]
Synchronous: TypeAlias = Literal["full", "normal"]
ServerName: TypeAlias = Literal["hypercorn", "granian"]

PREFIX: Final = "FEDORG_"
_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
# Variables with the prefix that say where settings are, not what they are.
_NOT_SETTINGS: Final = frozenset({"FEDORG_CONFIG"})
_NOT_SETTINGS_PREFIXES: Final = ("FEDORG_TEST_",)
_POLL_SECONDS_MAX: Final = 10 * 366 * 86_400
_PORT_MAX: Final = 65535
# A hundred years; what is thousands of years old has no date.
_DAYS_MAX: Final = 36_525
# What all that is told of it, as databases and clocks, can hold.
_WHOLE_MAX: Final = 2**53
_SMTP: Final[Mapping[str, tuple[Literal["tls", "starttls", "none"], int]]] = MappingProxyType(
    {"smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25)}
)
_HOST: Final = r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
# What the driver takes; a password with an @ would be cut there, and the rest of it shown as the name of a host.
_DATABASE: Final = re.compile(
    r"sqlite:///(?!:memory:)[^?]+|postgresql://(?:[^:/@]*(?::[^@]*)?@)?(?:\[[^]/@]*\]|[^]\[/:@]*)(?::[0-9]{1,5})?(?:/[^@]*)?"
)
_MAIL_FROM: Final = re.compile(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTACT: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def _setting(help_text: str, default: Any = MISSING, *, secret: bool = False) -> Any:  # noqa: ANN401 - as dataclasses.field
    return field(default=default, metadata={"help": help_text, "secret": secret}, repr=not secret)


METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
PROCESS_NUMBER_MAX: Final = 63
"""The process bits of an id, see ``fedorg.ids``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one node is told. Build it with ``load`` (or ``from_mapping`` in tests)."""

    public_url: str = _setting("Address of the node as the world sees it, without a path.", "http://localhost:8000")
    handle_domain: str = _setting("Domain in handles (@anna@org.example), if it is not the host of public_url.", "")
    name: str = _setting("Name of the node, shown to members and partners.", "fedorg")
    description: str = _setting("One or two sentences about who this node is for.", "")
    contact_email: str = _setting("Whom to write to about this node; also in `/.well-known/security.txt`.", "")
    languages: tuple[str, ...] = _setting("Languages of the node, ISO 639-1, most used first.", ("en",))

    data_dir: Path = _setting("Folder of the embedded database and of media files.", Path("data"))
    database_url: str = _setting(
        "sqlite:///path or postgresql://user:password@host/name; empty: fedorg.db in data_dir.", "", secret=True
    )
    synchronous: Synchronous = _setting(
        "SQLite durability: what was acknowledged survives a power cut (full) or only a crash of the node (normal).",
        "full",
    )
    postgresql_connections: int = _setting(
        "Most connections of a process to PostgreSQL, besides one for news from other processes.", 8
    )
    process_number: int = _setting("Number of this process, 0 to 63; no two on one database may share it.", 0)

    host: str = _setting("Address to listen on.", "127.0.0.1")
    port: int = _setting("Port to listen on.", 8000)
    server: ServerName = _setting(
        "Server that answers: hypercorn, or granian, which is faster and comes with the extra fedorg[fast].",
        "hypercorn",
    )
    tls_certificate: Path | None = _setting("PEM file with the certificate chain; without it, serve plain HTTP.", None)
    tls_key: Path | None = _setting("PEM file with the private key of tls_certificate.", None)
    trusted_proxies: tuple[Network, ...] = _setting(
        "Addresses or ranges of reverse proxies whose X-Forwarded-* headers are believed.", ()
    )
    metrics_networks: tuple[Network, ...] = _setting("Addresses or ranges that may read /metrics.", _LOOPBACK)
    rate_limits: float = _setting("Factor on all rate limits: 2 doubles them, 0 switches them off.", 1.0)
    streams_max: int = _setting("Most streams that one web process holds open at a time.", 5000)
    shutdown_seconds: int = _setting("How long running requests and jobs may take to end when the node stops.", 20)

    ca_file: Path | None = _setting(
        "PEM bundle trusted besides the public authorities for outbound TLS (SSL_CERT_FILE counts as well). Servers on "
        "loopback, where they are allowed, are then asked over TLS first.",
        None,
    )
    allowed_networks: tuple[Network, ...] = _setting(
        "Private addresses or ranges that outbound requests may reach, besides public ones.", ()
    )
    insecure_loopback: bool = _setting(
        "Allow plain HTTP and ports in domains between nodes on this machine, for demos and tests.", default=False
    )

    federation_mode: ModeName = _setting(
        "With whom to federate: closed (nobody), organisation (siblings), partners (siblings and partners) or open "
        "(everybody).",
        "partners",
    )
    default_reach: ReachName = _setting(
        "How far a status travels if its author does not say: node, organisation, partners or public; no further than "
        "federation_mode allows.",
        "organisation",
    )
    introductions: PolicyName = _setting(
        "What happens to nodes that a sibling introduces, unless you decided otherwise for that sibling: ignore, queue "
        "(an administrator decides) or accept.",
        "queue",
    )
    link_previews: bool = _setting(
        "Fetch pages that public and unlisted statuses link to, to show a preview, and pages that profiles link to, to "
        "show which link back.",
        default=True,
    )
    unsigned_fetch: UnsignedFetch = _setting(
        "What other servers get without signing their requests: public (all that is public), actors (accounts, but no "
        "statuses or lists) or none (keys only).",
        "public",
    )
    show_domain_blocks: ShownTo = _setting(
        "To whom the node tells which servers it blocks: nobody, members or everybody.", "members"
    )
    registration: RegistrationMode = _setting(
        "Who may register: open (everybody), approval (whoever is approved), invite (whoever was invited) or "
        "closed (nobody).",
        "invite",
    )

    smtp_url: str = _setting(
        "Mail server: smtp://user:password@host:587 (STARTTLS), smtps://… (TLS) or smtp+plain://… (neither); empty: no "
        "mail is sent, and addresses count as confirmed.",
        "",
        secret=True,
    )
    mail_from: str = _setting("Address that letters come from, as fedorg@org.example.", "")

    status_characters_max: int = _setting("Longest status, in characters.", 2000)
    poll_options_max: int = _setting("Most options of a poll.", 4)
    poll_option_characters_max: int = _setting("Longest option of a poll, in characters.", 50)
    poll_seconds_min: int = _setting("Shortest time a poll may run.", 300)
    poll_seconds_max: int = _setting("Longest time a poll may run; the default is a month.", 2_629_746)
    media_bytes_max: int = _setting("Largest uploaded picture, in bytes.", 16 * 1024 * 1024)
    video_bytes_max: int = _setting("Largest uploaded film or sound, in bytes.", 99 * 1024 * 1024)
    media_quota_bytes: int = _setting("Most bytes that the files of one account may take; 0: no limit.", 0)

    remote_status_days: int = _setting(
        "Days after which statuses of other servers are deleted that nobody here had to do with, at least 30; those of "
        "siblings stay. 0: all stay.",
        180,
    )

    log_level: LogLevel = _setting("Least severe events that are logged: debug, info, warning or error.", "info")
    log_format: LogFormat = _setting("Form of log lines: text for people, json for machines.", "text")

    @property
    def domain(self) -> str:
        """The domain in handles of this node's people."""
        return self.handle_domain or self.web_domain

    @property
    def web_domain(self) -> str:
        """Host, and port if there is one, of the public URL."""
        return urlsplit(self.public_url).netloc

    @property
    def database(self) -> str:
        """The database to open."""
        return self.database_url or f"sqlite:///{self.data_dir / 'fedorg.db'}"

    @property
    def media_dir(self) -> Path:
        """Folder of media files."""
        return self.data_dir / "media"

    @property
    def scratch_dir(self) -> Path:
        """Folder of files that are being made."""
        return self.data_dir / "scratch"

    @property
    def smtp(self) -> "SmtpServer | None":
        """The mail server; None when no mail is sent."""
        return _smtp(self.smtp_url) if self.smtp_url else None

    @property
    def sends_mail(self) -> bool:
        """Whether people can be written to."""
        return bool(self.smtp_url)

    @property
    def is_secure(self) -> bool:
        """Whether the public URL is https."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where letters are handed over."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def load(environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """Settings from the environment (the process's own by default) over those of ``file``.

    Without ``file``, ``FEDORG_CONFIG`` names one, and otherwise ``fedorg.toml`` in the current folder is read if it is
    there. Raises ``SettingsError`` with every fault.
    """
    environment = os.environ if environment is None else environment
    named = file or (Path(environment["FEDORG_CONFIG"]) if environment.get("FEDORG_CONFIG") else None)
    path = named or Path("fedorg.toml")
    values: dict[str, Any] = {}
    if named is not None or _is_there(path):
        try:
            # As some editors begin it: with a mark that is no part of it.
            values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
            raise SettingsError([f"{path}: cannot be read: {problem}"]) from problem
    values |= {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS and not name.startswith(_NOT_SETTINGS_PREFIXES)
    }
    # OpenSSL reads what the environment names, and says nothing when it is not there.
    authorities = environment.get("SSL_CERT_FILE")
    problems = (
        [f"SSL_CERT_FILE: there is no file {authorities}"]
        if authorities and not (_is_there(Path(authorities)) and Path(authorities).is_file())
        else []
    )
    try:
        settings = from_mapping(values)
    except SettingsError as error:
        raise SettingsError([*error.problems, *problems]) from error
    if problems:
        raise SettingsError(problems)
    return settings


def from_mapping(values: Mapping[str, Any]) -> Settings:
    """Settings from plain values by field name; strings are read as in the environment. Reports every fault at once."""
    known = {setting.name: setting for setting in fields(Settings)}
    problems = [f"{name}: there is no such setting" for name in values if name not in known]
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name in known:
            try:
                parsed[name] = _READERS[known[name].type](value)
            except (ValueError, TypeError) as problem:
                problems.append(f"{name}: {problem}")
    if "public_url" in parsed:
        parsed["public_url"] = parsed["public_url"].rstrip("/")
    settings = Settings(**parsed)
    problems += _faults(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with some fields given anew, checked like all others."""
    return from_mapping({f.name: getattr(settings, f.name) for f in fields(Settings)} | dict(changes))


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, in order, for help and documentation."""
    return [(f"{PREFIX}{f.name.upper()}", _as_text(f.default), str(f.metadata["help"])) for f in fields(Settings)]


def shown(settings: Settings) -> dict[str, str]:
    """The value of every setting by variable, as text; a secret that is set shows as ``(hidden)``."""
    return {
        f"{PREFIX}{f.name.upper()}": "(hidden)"
        if f.metadata["secret"] and getattr(settings, f.name)
        else _as_text(getattr(settings, f.name))
        for f in fields(Settings)
    }


def _is_there(path: Path) -> bool:
    """Whether something is there as far as this user may look: not into root's folder, where `sudo -u` may begin."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _faults(settings: Settings) -> list[str]:
    problems = [*_url_faults(settings), *_place_faults(settings), *_tls_faults(settings), *_mail_faults(settings)]
    problems += _naming_faults(settings)
    if not 0 <= settings.process_number <= PROCESS_NUMBER_MAX:
        problems.append(f"process_number: must lie between 0 and {PROCESS_NUMBER_MAX}")
    if settings.media_quota_bytes < 0:
        problems.append("media_quota_bytes: must be 0 or more")
    if settings.rate_limits < 0:
        problems.append("rate_limits: must be 0 or more")
    problems += [
        f"{name}: must be 1 or more"
        for name in (
            "postgresql_connections",
            "status_characters_max",
            "poll_option_characters_max",
            "poll_seconds_min",
            "media_bytes_max",
            "video_bytes_max",
            "streams_max",
            "shutdown_seconds",
        )
        if getattr(settings, name) < 1
    ]
    if settings.remote_status_days != 0 and not 30 <= settings.remote_status_days <= _DAYS_MAX:  # noqa: PLR2004 - timelines are read back
        problems.append(f"remote_status_days: must be 0, or lie between 30 and {_DAYS_MAX}")
    if settings.poll_options_max < 2:  # noqa: PLR2004 - with one there is nothing to choose
        problems.append("poll_options_max: must be 2 or more")
    if not settings.poll_seconds_min <= settings.poll_seconds_max <= _POLL_SECONDS_MAX:
        problems.append(f"poll_seconds_max: must lie between poll_seconds_min and {_POLL_SECONDS_MAX}")
    if settings.ca_file is not None:
        problems += _faults_of_authorities(settings.ca_file)
    reach, mode = get_args(ReachName), ("closed", "organisation", "partners", "open")
    if reach.index(settings.default_reach) > mode.index(settings.federation_mode):
        problems.append(
            f"default_reach: {settings.default_reach} goes further than federation_mode "
            f"{settings.federation_mode} allows"
        )
    return problems


def _faults_of_authorities(file: Path) -> list[str]:
    try:
        if not file.is_file():
            return [f"ca_file: there is no file {file}"]
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return [f"ca_file: {file} does not hold certificates in PEM form"]
    except OSError as problem:
        return [f"ca_file: {file} cannot be read: {problem.strerror}"]
    return []


def _naming_faults(settings: Settings) -> list[str]:
    problems = []
    if not settings.name.strip():
        problems.append("name: must not be empty; every page and letter bears it")
    if settings.contact_email and not _CONTACT.fullmatch(settings.contact_email):
        problems.append("contact_email: must be an address such as help@org.example")
    if not settings.languages:
        problems.append("languages: name at least one")
    problems += [
        f"languages: {name!r} is no code of a language, such as en, de or pt-BR"
        for name in settings.languages
        if not _LANGUAGE.fullmatch(name)
    ]
    return problems


def _mail_faults(settings: Settings) -> list[str]:
    problems = []
    if settings.smtp_url:
        try:
            _smtp(settings.smtp_url)
        except ValueError:
            problems.append("smtp_url: must be an address such as smtp://user:password@mail.example.org:587")
    if settings.smtp_url and not settings.mail_from:
        problems.append("mail_from: give the address that letters come from")
    if settings.mail_from and not _MAIL_FROM.fullmatch(settings.mail_from):
        problems.append("mail_from: must be an address such as fedorg@org.example")
    return problems


def _smtp(url: str) -> SmtpServer:
    parts = urlsplit(url)
    known = _SMTP.get(parts.scheme)
    if known is None or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("not the address of a mail server")
    security, port = known
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _url_faults(settings: Settings) -> list[str]:
    try:
        url = urlsplit(settings.public_url)
    except ValueError:
        return ["public_url: must be an address such as https://social.example.org"]
    if url.scheme not in ("http", "https") or not url.hostname:
        return ["public_url: must be an address such as https://social.example.org"]
    problems = []
    if url.path or url.query or url.fragment or "@" in url.netloc:
        problems.append("public_url: give scheme and host only, without a path")
    elif url.netloc != url.netloc.lower():
        problems.append("public_url: write the host in lower case")
    elif not re.fullmatch(_HOST, url.netloc):
        problems.append("public_url: must hold a host name, in ASCII (xn--… for names in other scripts)")
    if url.scheme == "http" and url.hostname not in _LOOPBACK_NAMES and not url.hostname.endswith(".localhost"):
        problems.append("public_url: must be https, except for localhost")
    if settings.handle_domain and not re.fullmatch(_HOST, settings.handle_domain):
        problems.append("handle_domain: must be a host name in lower case and ASCII (xn--… for names in other scripts)")
    return problems


def _place_faults(settings: Settings) -> list[str]:
    problems = []
    if not settings.host:
        problems.append("host: give an address; 0.0.0.0 is every one of this machine")
    if not 1 <= settings.port <= _PORT_MAX:
        problems.append(f"port: must lie between 1 and {_PORT_MAX}")
    if settings.database_url and not _DATABASE.fullmatch(settings.database_url):
        problems.append(
            "database_url: must be sqlite:///path or postgresql://user:password@host/name, an @ in the password as %40"
        )
    return problems


def _tls_faults(settings: Settings) -> list[str]:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        return ["tls_certificate, tls_key: give both or neither"]
    if settings.tls_certificate is None or settings.tls_key is None:
        return []
    named = (("tls_certificate", settings.tls_certificate), ("tls_key", settings.tls_key))
    try:
        if absent := [f"{name}: there is no file {path}" for name, path in named if not path.is_file()]:
            return absent
        # Without a password OpenSSL would ask the terminal for that of a locked key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_certificate, settings.tls_key, password=str
        )
    except ssl.SSLError:
        return ["tls_certificate, tls_key: must be a certificate and the key that belongs to it, unlocked, in PEM form"]
    except OSError as problem:
        return [f"tls_certificate, tls_key: cannot be read: {problem.strerror}"]
    return []


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("must be written in UTF-8") from None
    return value.strip()


def _integer(value: object) -> int:
    try:
        number = value if isinstance(value, int) and not isinstance(value, bool) else int(_text(value))
    except (ValueError, TypeError):
        raise ValueError("must be a whole number") from None
    if abs(number) > _WHOLE_MAX:
        raise ValueError("is too large a number")
    return number


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float(_text(value))
    except (ValueError, TypeError, OverflowError):
        raise ValueError("must be a number") from None
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return number


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("must be true or false")


def _list(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else _text(value).split(",")
    return tuple(_text(part) for part in parts if _text(part))


def _networks(value: object) -> tuple[Network, ...]:
    try:
        parts = value if isinstance(value, tuple) else _list(value)
        return tuple(ipaddress.ip_network(part) for part in parts)
    except ValueError as problem:
        raise ValueError(f"must be addresses or ranges such as 10.0.0.0/8: {problem}") from None


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not (text := _text(value)):
        raise ValueError("must not be empty")
    return Path(text)


def _optional_path(value: object) -> Path | None:
    return _path(value) if value not in ("", None) else None


def _choice(*options: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}")
        return str(value)

    return read


_READERS: Final[Mapping[object, Callable[[object], Any]]] = MappingProxyType(
    {
        str: _text,
        int: _integer,
        float: _number,
        bool: _flag,
        Path: _path,
        Path | None: _optional_path,
        tuple[str, ...]: _list,
        tuple[Network, ...]: _networks,
    }
    | {
        literal: _choice(*get_args(literal))
        for literal in (
            ShownTo,
            ModeName,
            ReachName,
            PolicyName,
            UnsignedFetch,
            RegistrationMode,
            LogLevel,
            LogFormat,
            Synchronous,
            ServerName,
        )
    }
)


def metrics_folder() -> str | None:
    """Where the processes of this node count together; None for a node of one process (prometheus_client reads it)."""
    return os.environ.get(METRICS_FOLDER)


def notify_socket() -> str | None:
    """Where a service manager listens to what it started (sd_notify(3)); None where there is none."""
    return os.environ.get("NOTIFY_SOCKET") or None


def watchdog_seconds(pid: int) -> float | None:
    """The time after which a service manager takes silence of this process for a hang; None: never.

    Spec: sd_watchdog_enabled(3).
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    is_meant = os.environ.get("WATCHDOG_PID", str(pid)) == str(pid)
    return int(microseconds) / 1e6 if is_meant and microseconds.isdecimal() and int(microseconds) else None


def for_child(more: Mapping[str, str]) -> dict[str, str]:
    """What a process of this node is told: all that this one was told, and ``more``."""
    return {**os.environ, **more}
