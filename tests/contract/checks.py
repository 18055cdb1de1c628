"""What a check of an operation is, and what it can do.

A section is a table from operation to check; a check calls its operation through ``Operation.call``, which holds the
answer against the description, and looks for the effect in another way. Who may not call it, and what it says about
records that do not exist, follows from the row and is tried after the check.
"""

import linecache
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import httpx

from tests.contract import document
from tests.contract.people import MissingOperationError, Person, is_missing
from tests.contract.scene import NOBODYS_ID, Scene

PARAMETER: Final = re.compile(r"\{(\w+)\}")
RECORDS: Final = frozenset({"id", "account_id", "collection_id", "filter_id", "list_id", "quoting_status_id"})
JSON: Final = "application/json; charset=utf-8"
# For asking whether a method is there at all.
_PLAUSIBLE: Final = {"year": "2025", "date": "2025-01-01", "group_key": "ungrouped-1", "name": "x", "hashtag": "x"}
_UNRELATED: Final = "read:lists"
_OTHER: Final = "push"


class Access(Enum):
    """Who may call an operation."""

    USER = auto()
    """Somebody with a token that has the scope."""
    OPEN = auto()
    """Everybody; a token that comes along needs the scope."""
    ANY_TOKEN = auto()
    """Whoever has a token, of a user or of a program."""
    PUBLIC = auto()
    """Everybody; tokens are not looked at."""


Check = Callable[["Operation", Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a section's table."""

    operation: str
    check: Check
    access: Access
    scope: str
    records: tuple[str, ...]
    """Path parameters that name a record: one that does not exist is answered by 404."""


class Section:
    """The table of one section of the API; used as a decorator, it adds a row."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}

    def __call__(
        self, operation: str, scope: str = "", *, access: Access = Access.USER, records: tuple[str, ...] | None = None
    ) -> Callable[[Check], Check]:
        """Add the check of ``METHOD /path``.

        ``scope`` is what the documentation asks of a token; of several, parted by ``|``, any one may be enough.
        """

        def add(check: Check) -> Check:
            assert operation not in self.rows, f"{operation} stands twice in {self.name}"
            named = tuple(name for name in PARAMETER.findall(operation) if name in RECORDS)
            self.rows[operation] = Row(
                operation=operation,
                check=check,
                access=access,
                scope=scope,
                records=named if records is None else records,
            )
            return check

        return add


@dataclass(slots=True, kw_only=True)
class Operation:
    """One operation of the contract while it is checked; ``faults`` is what was found."""

    row: Row
    scene: Scene
    faults: list[str] = field(default_factory=list)
    awaited: str = ""
    """What is not there yet, without which the check did not come to its end."""
    _last: tuple[httpx.AsyncClient, dict[str, str], dict[str, Any]] | None = field(init=False, default=None)

    @property
    def method(self) -> str:
        """GET, POST, PUT, PATCH or DELETE."""
        return self.row.operation.split()[0]

    @property
    def template(self) -> str:
        """The path with its parameters in braces."""
        return self.row.operation.split()[1]

    async def call(self, who: Person | httpx.AsyncClient, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a call that must succeed, held against the description."""
        return (await self.ask(who, **arguments)).json()

    async def ask(self, who: Person | httpx.AsyncClient, *, status: int = 200, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Likewise the whole answer. Arguments named in the path go there, the others to httpx."""
        response = await self.send(who, **arguments)
        assert response.status_code == status, f"answered {response.status_code}, not {status}: {response.text[:300]}"
        if response.headers.get("Content-Type") != JSON:
            self.note(f"Content-Type is {response.headers.get('Content-Type')}")
        for fault in document.answer_faults(self.row.operation, status, response.json()):
            self.note(fault)
        self._look_at_headers(response)
        return response

    async def send(self, who: Person | httpx.AsyncClient, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """The answer, whatever it is."""
        client = who.http if isinstance(who, Person) else who
        values = self.remember(client, **arguments)
        return await self._request(client, values, self._last[2] if self._last else {})

    def remember(self, client: httpx.AsyncClient, **arguments: Any) -> dict[str, str]:  # noqa: ANN401 - httpx's own
        """Keep a call as the one that others must be refused; what of its arguments goes into the path."""
        values = {name: str(arguments.pop(name)) for name in PARAMETER.findall(self.template)}
        self._last = (client, values, arguments)
        return values

    async def refuse(self, status: int, who: Person | httpx.AsyncClient, words: str = "", **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a call that must be refused in Mastodon's form, with ``words`` in it."""
        kept = self._last
        response = await self.send(who, **arguments)
        self._last = kept or self._last
        self._look_at_refusal(response, status, words)
        return response.json() if response.headers.get("Content-Type") == JSON else {}

    async def is_there(self) -> bool:
        """Whether the node has such a method."""
        values = {name: _PLAUSIBLE.get(name, "1") for name in PARAMETER.findall(self.template)}
        if "/tags/" in self.template:
            values |= {"id": "x"} if "id" in values else {}
        return not is_missing(await self._request(self.scene.nobody, values, {}))

    async def needs(self, operation: str) -> None:
        """The check goes on only with another operation, which may not be there yet."""
        method, path = operation.split()
        if is_missing(await self.scene.nobody.request(method, path)):
            raise MissingOperationError(operation)

    async def run(self) -> None:
        """The check, then what follows from the row."""
        try:
            await self.row.check(self, self.scene)
        except MissingOperationError as missing:
            self.awaited = str(missing)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is told with the operation and the walk goes on
            self.note(_told(problem))
        try:
            await self._try_strangers()
            await self._try_absent_records()
        except (AssertionError, httpx.HTTPError) as problem:
            self.note(_told(problem))

    async def _try_strangers(self) -> None:
        """Whoever may not call it hears so before anything else is looked at."""
        if self.row.access is Access.PUBLIC:
            return
        values = {name: _PLAUSIBLE.get(name, NOBODYS_ID) for name in PARAMETER.findall(self.template)}
        arguments = self._last[2] if self._last else {}
        if self.row.access is not Access.OPEN:
            for client in (self.scene.nobody, await self.scene.unknown()):
                answer = await self._request(client, values, arguments)
                self._look_at_refusal(answer, 401, "The access token is invalid")
        if not self.row.scope:
            return
        scopes = self.row.scope.split("|")
        narrow = await self.scene.limited(_OTHER if _OTHER not in scopes else _UNRELATED)
        answer = await self._request(narrow, values, arguments)
        self._look_at_refusal(answer, 403, "This action is outside the authorized scopes")
        if self.row.access is Access.USER:
            answer = await self._request(await self.scene.program(), values, arguments)
            self._look_at_refusal(answer, 422, "This method requires an authenticated user")
        answers = [await self._request(await self.scene.limited(scope), values, arguments) for scope in scopes]
        if all(one.status_code in {401, 403} and "This action is not allowed" not in one.text for one in answers):
            answer = answers[0]
            self.note(f"a token with {self.row.scope} is refused: {answer.status_code} {answer.text[:200]}")

    async def _try_absent_records(self) -> None:
        if self._last is None:
            return
        client, values, arguments = self._last
        for name in self.row.records:
            answer = await self._request(client, {**values, name: NOBODYS_ID}, arguments)
            self._look_at_refusal(answer, 404, "Record not found")

    async def _request(
        self, client: httpx.AsyncClient, values: Mapping[str, str], arguments: Mapping[str, Any]
    ) -> httpx.Response:
        path = PARAMETER.sub(lambda found: values[found[1]], self.template)
        async with client.stream(self.method, path, **arguments) as response:
            if response.headers.get("Content-Type", "").startswith("text/event-stream"):
                # A stream never ends: that it began is all there is to know here.
                return httpx.Response(response.status_code, headers=response.headers, request=response.request)
            await response.aread()
            return response

    def _look_at_refusal(self, response: httpx.Response, status: int, words: str) -> None:
        case = f"expected {status}{f' {words!r}' if words else ''}"
        if response.status_code != status or words not in response.text:
            self.note(f"{case}: answered {response.status_code} {response.text[:200]}")
        elif response.headers.get("Content-Type") != JSON:
            self.note(f"{case}: Content-Type is {response.headers.get('Content-Type')}")
        else:
            for fault in _refusal_faults(response.json()):
                self.note(f"{case}: {fault}")
        self._look_at_headers(response)

    def _look_at_headers(self, response: httpx.Response) -> None:
        if not self.template.startswith("/api/"):
            return
        # Streams are not counted by requests.
        limits = () if "/streaming/" in self.template else LIMITS
        for name in ("Access-Control-Allow-Origin", *limits):
            if name not in response.headers:
                self.note(f"an answer {response.status_code} carries no {name}")

    def note(self, fault: str) -> None:
        """Keep a fault, once; the check goes on."""
        if fault not in self.faults:
            self.faults.append(fault)


LIMITS: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def shows(entity: Any, **members: object) -> None:  # noqa: ANN401 - JSON
    """The entity has these members with these values."""
    for name, wanted in members.items():
        assert name in entity, f"there is no {name}"
        assert entity[name] == wanted, f"{name} is {entity[name]!r}, not {wanted!r}"


def ids(entities: list[Any]) -> list[str]:
    """Their ids, in order."""
    return [entity["id"] for entity in entities]


def _refusal_faults(refusal: Any) -> list[str]:  # noqa: ANN401 - JSON
    # Collections wrap what is wrong once more.
    if isinstance(refusal, dict) and isinstance(refusal.get("error"), dict):
        return document.entity_faults(refusal, "CustomError422")
    return document.entity_faults(refusal, "Error")


def _told(problem: BaseException) -> str:
    """An exception as one line: what it says and where in the checks it happened."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if "/contract/" in frame.filename]
    frame = next((one for one in reversed(frames) if not one.filename.endswith("checks.py")), None)
    words = str(problem)
    if frame is None or frame.lineno is None:
        return f"{type(problem).__name__}: {words}"
    source = " ".join(
        linecache.getline(frame.filename, number).strip()
        for number in range(frame.lineno, (frame.end_lineno or frame.lineno) + 1)
    )
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    kind = "" if isinstance(problem, AssertionError) else f"{type(problem).__name__}: "
    return f"{place}: {kind}{words or source}{f'  [{source}]' if words else ''}"
