"""What holds for every operation alike.

Spec: Mastodon's documentation, api/guidelines, api/rate-limits and api/datetime-format.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import httpx

from tests.contract.checks import LIMITS, ids
from tests.contract.scene import NOBODYS_ID, Scene

Convention = Callable[[Scene], Awaitable[list[str]]]

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STATUSES: Final = "/api/v1/statuses"


def _unless(holds: bool, fault: str) -> list[str]:  # noqa: FBT001 - a condition, not a choice
    return [] if holds else [fault]


async def unknown_routes(scene: Scene) -> list[str]:
    """No such method: 404 ``Not Found``; no such record: 404 ``Record not found``; neither is a page."""
    faults = []
    for path, words in (
        ("/api/v1/nothing_of_the_kind", "Not Found"),
        ("/api/v9/instance", "Not Found"),
        (f"{_STATUSES}/{NOBODYS_ID}", "Record not found"),
        (f"{_STATUSES}/99999999999999999999999999", "Record not found"),
    ):
        answer = await scene.nobody.get(path, headers={"Accept": "text/html"})
        faults += _unless(answer.status_code == 404, f"{path}: {answer.status_code}")
        faults += _unless(words in answer.text, f"{path}: {answer.text[:100]}")
        faults += _unless("json" in answer.headers["Content-Type"], f"{path}: {answer.headers['Content-Type']}")
    return faults


async def cross_origin(scene: Scene) -> list[str]:
    """Programs in browsers may call everything, see errors, and read the headers that count."""
    faults = []
    origin = {"Origin": "https://client.example"}
    answers = {
        "an answer": await scene.nobody.get("/api/v2/instance", headers=origin),
        "an absent record": await scene.nobody.get(f"{_STATUSES}/{NOBODYS_ID}", headers=origin),
        "an absent route": await scene.nobody.get("/api/v1/nothing", headers=origin),
        "a refusal": await scene.nobody.get("/api/v1/timelines/home", headers=origin),
        "a token": await scene.nobody.post("/oauth/token", headers=origin),
        "discovery": await scene.nobody.get("/.well-known/oauth-authorization-server", headers=origin),
    }
    for name, answer in answers.items():
        faults += _unless(answer.headers.get("Access-Control-Allow-Origin") == "*", f"{name} is closed to browsers")
        exposed = answer.headers.get("Access-Control-Expose-Headers", "").lower()
        faults += [f"{name} does not expose {header}" for header in ("Link", *LIMITS) if header.lower() not in exposed]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        asked = {
            **origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        }
        answer = await scene.nobody.options(f"{_STATUSES}/1", headers=asked)
        allowed = answer.headers.get("Access-Control-Allow-Methods", "")
        headers = answer.headers.get("Access-Control-Allow-Headers", "").lower()
        faults += _unless(answer.is_success, f"the preflight of {method} is answered by {answer.status_code}")
        faults += _unless(method in allowed, f"the preflight of {method} allows {allowed!r}")
        for header in ("authorization", "content-type", "idempotency-key"):
            faults += _unless(header in headers or headers == "*", f"the preflight of {method} forbids {header}")
    return faults


async def rate_limits(scene: Scene) -> list[str]:
    """How much is left is told, goes down, and says when it is full again."""
    first, second = [await scene.bob.http.get("/api/v1/accounts/verify_credentials") for _ in range(2)]
    faults = []
    for name in LIMITS:
        faults += _unless(name in second.headers, f"there is no {name}")
    if not faults:
        left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second)]
        faults += _unless(left[1] < left[0] or first.headers[LIMITS[2]] != second.headers[LIMITS[2]], f"{left}")
        faults += _unless(left[1] < int(second.headers["X-RateLimit-Limit"]), f"{left} of {second.headers[LIMITS[0]]}")
        reset = second.headers["X-RateLimit-Reset"]
        faults += _unless(_TIME.fullmatch(reset) is not None, f"X-RateLimit-Reset is {reset}")
    return faults


async def encodings(scene: Scene) -> list[str]:
    """The same call as a query, a form, a form in parts and JSON means the same."""
    wanted = {"status": "In every form", "spoiler_text": "Same", "visibility": "unlisted", "sensitive": "true"}
    parts = {name: (None, value) for name, value in wanted.items()}
    calls: Mapping[str, Mapping[str, Any]] = {
        "a query": {"params": wanted},
        "a form": {"data": wanted},
        "a form in parts": {"files": parts},
        "JSON": {"json": {**wanted, "sensitive": True}},
    }
    faults = []
    for name, arguments in calls.items():
        answer = await scene.alice.http.post(_STATUSES, **arguments)
        if not answer.is_success:
            faults.append(f"{name} is answered by {answer.status_code}: {answer.text[:100]}")
            continue
        found = answer.json()
        got = (found["content"], found["spoiler_text"], found["visibility"], found["sensitive"])
        faults += _unless(got == ("<p>In every form</p>", "Same", "unlisted", True), f"{name} means {got}")
    several = [(await scene.alice.status(f"Number {number}"))["id"] for number in range(2)]
    queries: tuple[Any, ...] = ({"id[]": several}, {"id": several})
    for query in queries:
        found = ids((await scene.bob.http.get(_STATUSES, params=query)).json())
        faults += _unless(set(found) == set(several), f"{query} gives {found}")
    wrong = await scene.alice.http.post(_STATUSES, content=b"{", headers={"Content-Type": "application/json"})
    faults += _unless(wrong.status_code in {400, 422}, f"broken JSON is answered by {wrong.status_code}")
    return faults


async def limits(scene: Scene) -> list[str]:
    """A limit has a default and an end, whatever is asked."""
    author = await scene.person()
    for number in range(45):
        await author.status(f"One of many {number}")
    faults = []
    path = f"/api/v1/accounts/{author.id}/statuses"
    for asked, most in ((None, 20), ("40", 40), ("41", 40), ("1000", 40), ("1", 1)):
        answer = await scene.bob.http.get(path, params={} if asked is None else {"limit": asked})
        count = len(answer.json()) if answer.is_success else answer.status_code
        faults += _unless(count == most, f"limit={asked} gives {count}, not {most}")
    return faults


async def links(scene: Scene) -> list[str]:
    """Every next link is followed to the end, and every prev link back, without a gap or a doublet."""
    author = await scene.person()
    made = [(await author.status(f"Link {number}"))["id"] for number in range(7)]
    path = f"/api/v1/accounts/{author.id}/statuses?limit=3&exclude_replies=true"
    forwards: list[str] = []
    backwards: list[str] = []
    faults: list[str] = []
    address: str | None = path
    last = ""
    while address:
        answer = await scene.bob.http.get(address)
        forwards += ids(answer.json())
        faults += _unless(
            "next" not in answer.links or "exclude_replies=true" in answer.links["next"]["url"],
            "next forgets what was asked",
        )
        last = answer.links["prev"]["url"] if "prev" in answer.links and answer.json() else last
        address = answer.links["next"]["url"] if "next" in answer.links else None
    faults += _unless(forwards == made[::-1], f"forwards: {forwards}, not {made[::-1]}")
    while last:
        answer = await scene.bob.http.get(last)
        backwards = ids(answer.json()) + backwards
        last = answer.links["prev"]["url"] if "prev" in answer.links and answer.json() else ""
    faults += _unless(backwards == made[1:][::-1] or backwards == made[::-1][: len(backwards)], f"back: {backwards}")
    return faults


async def order(scene: Scene) -> list[str]:
    """Ids are texts of digits that sort in the order of time, as numbers and as texts."""
    found = [(await scene.alice.status(f"In order {number}"))["id"] for number in range(3)]
    faults = [f"{one!r} is no number" for one in found if not one.isdecimal()]
    faults += _unless(sorted(found, key=int) == found, f"not in order as numbers: {found}")
    faults += _unless(sorted(found) == found, f"not in order as texts: {found}")
    return faults


async def times(scene: Scene) -> list[str]:
    """Times carry milliseconds and ``Z``; the day of the last status is a date."""
    status = await scene.alice.status("Now")
    account = await scene.alice.get(f"/api/v1/accounts/{scene.alice.id}")
    faults = _unless(_TIME.fullmatch(status["created_at"]) is not None, f"created_at is {status['created_at']}")
    faults += _unless(_TIME.fullmatch(account["created_at"]) is not None, f"created_at is {account['created_at']}")
    day = account["last_status_at"]
    return faults + _unless(day == status["created_at"][:10], f"last_status_at is {day}")


async def other_methods(scene: Scene) -> list[str]:
    """HEAD is answered as GET without a body; OPTIONS without Origin harms nobody."""
    head = await scene.nobody.head("/api/v2/instance")
    faults = _unless(head.status_code == httpx.codes.OK, f"HEAD is answered by {head.status_code}")
    slash = await scene.nobody.get("/api/v2/instance/", follow_redirects=True)
    return faults + _unless(slash.is_success, f"a slash at the end is answered by {slash.status_code}")


CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType(
    {
        "unknown routes and absent records": unknown_routes,
        "programs in browsers": cross_origin,
        "rate limits": rate_limits,
        "query, form, parts and JSON": encodings,
        "limits of pages": limits,
        "links between pages": links,
        "order of ids": order,
        "form of times": times,
        "other methods": other_methods,
    }
)
