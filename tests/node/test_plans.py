"""What the database does for a page: it finds its way by indexes, however many accounts and statuses there are.

On PostgreSQL walking a table is made dear first: a test has too few rows for an index to be worth it.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import UserRole
from fedorg.ids import AccountId, StatusId
from fedorg.store import directory, people, relationships, statuses, tags
from fedorg.store.tables import metadata
from tests.node.serving import EVERYTHING, Member
from tests.node.talking import WorkingServer, follow, post, success

JSON: Final = "application/json"
ACTIVITY_JSON: Final = "application/activity+json"

LARGE: Final = (
    "account_names",
    "accounts",
    "bookmarks",
    "favourites",
    "follows",
    "home_timeline",
    "media_attachments",
    "mentions",
    "notifications",
    "search_documents",
    "status_cards",
    "status_tags",
    "statuses",
)
# All that is public, the newest first: the way to these pages alone.
PUBLIC: Final = "ix_statuses_public"
# Where releases of SQLite look up a status by the same index.
ONE: Final = "AND id=?)"
# Ends of the names of indexes of members alone, who are few among all accounts.
MEMBERS: Final = "_here"
PAGES: Final = (
    "/api/v1/timelines/home",
    "/api/v1/timelines/direct",
    "/api/v1/timelines/public?reach=organisation",
    "/api/v1/timelines/tag/lunch",
    "/api/v1/timelines/public?local=true",
    "/api/v1/timelines/public?only_media=true",
    "/api/v1/timelines/public?only_media=true&local=true",
    "/api/v1/timelines/tag/lunch?any[]=tea&none[]=cake",
    "/api/v1/timelines/tag/lunch?all[]=tea&only_media=true",
    "/api/v1/notifications",
    "/api/v1/notifications?types[]=poll&types[]=mention",
    "/api/v2/notifications",
    "/api/v2/notifications?exclude_types[]=favourite",
    "/api/v1/accounts/{anna}/statuses",
    "/api/v1/accounts/{anna}/statuses?only_media=true",
    "/api/v1/accounts/{anna}/statuses?exclude_reblogs=true",
    "/api/v1/featured_tags/suggestions",
    "/api/v1/directory?order=new",
    "/api/v1/directory?order=active&local=true",
    "/api/v2/suggestions",
    "/api/v1/tags/lunch",
    "/api/v1/trends/tags",
    "/api/v2/search?type=statuses&q=cake",
    "/api/v2/search?type=statuses&q=in:library",
    "/api/v2/search?type=statuses&q=from:anna",
    "/api/v2/search?type=statuses&q=reach:organisation",
    "/api/v2/search?type=statuses&q=cake before:2020-01-01",
    "/api/v2/search?type=statuses&q=https://there.example/@fred/1",
    "/api/v2/search?type=hashtags&q=lu",
    "/api/v2/search?type=accounts&q=an",
    "/api/v1/accounts/search?q=an&following=true",
    "/api/v1/accounts/{anna}/statuses?pinned=true",
    "/api/v1/trends/statuses",
    "/api/v1/instance/peers",
    "/api/fedorg/v1/people",
    "/api/fedorg/v1/people?q=an",
    "/api/fedorg/v1/people/departments",
    "/api/fedorg/v1/people/experts?q=lunch",
)
OPEN_PAGES: Final = (
    "/api/v2/instance",
    "/api/v1/accounts/{anna}/statuses",
    "/api/v1/accounts/{anna}/statuses?pinned=true",
    "/api/v1/timelines/tag/lunch",
    "/api/v1/trends/statuses",
    "/users/anna/collections/featured",
    "/users/anna/outbox?page=true",
    "/users/anna/statuses/{status}/likes",
    "/users/anna/statuses/{status}/replies",
    "/users/anna/statuses/{status}/shares",
)
ADMIN_PAGES: Final = (
    "/api/v2/admin/accounts?status=pending",
    "/api/v2/admin/accounts?status=disabled",
    "/api/v2/admin/accounts?permissions=staff",
    "/api/v2/admin/accounts?username=an",
    "/api/v1/admin/accounts?display_name=an",
    "/api/v1/admin/accounts?email=an",
    "/api/v1/admin/accounts?silenced=true",
)
# Pages in the order in which things were done, which may be many.
IN_ORDER: Final = (
    "/api/v1/accounts/{anna}/followers",
    "/api/v1/accounts/{anna}/followers?max_id=9",
    "/api/v1/accounts/{anna}/following",
    "/api/v1/blocks",
    "/api/v1/bookmarks",
    "/api/v1/favourites",
    "/api/v1/follow_requests",
    "/api/v1/mutes",
    "/api/v1/notifications",
    "/api/v1/notifications?types[]=poll",
    "/api/v1/statuses/{status}/favourited_by",
    "/api/v1/statuses/{status}/reblogged_by",
    "/api/v1/timelines/home",
    "/api/v1/timelines/public",
    "/api/v1/timelines/public?local=true",
    "/api/v1/timelines/public?local=true&only_media=true",
    "/api/v1/timelines/public?only_media=true",
    "/api/v1/timelines/public?reach=organisation",
    "/api/v1/timelines/public?reach=organisation&local=true",
    "/api/v1/timelines/tag/lunch",
    "/api/v1/timelines/tag/lunch?all[]=tea&only_media=true",
    "/api/v1/accounts/{anna}/statuses",
    "/api/v1/accounts/{anna}/statuses?only_media=true",
    "/api/v2/search?type=statuses&q=cake has:media",
    "/api/v2/search?type=statuses&q=from:anna has:media",
    "/api/v2/search?type=statuses&q=has:poll",
)


@contextmanager
def _asked(kind: str = "SELECT") -> Iterator[dict[str, Any]]:
    """Every statement made meanwhile that begins so, with what it was made with."""
    made: dict[str, Any] = {}

    def on_execute(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401
        if statement.startswith(kind):
            made[statement] = parameters

    sa.event.listen(sa.Engine, "before_cursor_execute", on_execute)
    try:
        yield made
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", on_execute)


def _walked(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - as the driver takes them
    """What a query would do that takes the longer, the more there is of anybody's."""
    if conn.dialect.name == "sqlite":
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row.detail for row in rows]
        is_bounded = "LIMIT" in statement
        walks = re.compile(rf"SCAN ({'|'.join(LARGE)})\b(?!.*{MEMBERS}$){'(?! USING)' if is_bounded else ''}")
        return [step for step in steps if walks.match(step) or (PUBLIC in step and ONE not in step)]
    for way in ("seqscan", "bitmapscan", "mergejoin", "hashjoin"):
        conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    (plan,) = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return list(_steps(plan["Plan"], is_bounded=False))


def _sorted(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - likewise
    """What a query would sort after reading all of it."""
    if conn.dialect.name == "sqlite":
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows if row.detail.startswith("USE TEMP B-TREE FOR ORDER BY")]
    for way in ("seqscan", "bitmapscan", "mergejoin", "hashjoin", "sort", "incremental_sort"):
        conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    rows = conn.exec_driver_sql(f"EXPLAIN {statement}", parameters)
    return [row[0] for row in rows if "Sort" in row[0] and "ORDER BY" in statement]


def _by_author(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - likewise
    """What a query would read of everything by one author; only SQLite needs to be told where to begin."""
    if conn.dialect.name != "sqlite":
        return []
    rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row.detail for row in rows if "ix_statuses_account" in row.detail]


def _first_step(conn: Connection, statement: str, parameters: Any) -> str:  # noqa: ANN401 - likewise
    """Where SQLite begins; PostgreSQL counts its rows and decides for itself."""
    if conn.dialect.name != "sqlite":
        return ""
    return str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()[0].detail)


def _steps(step: dict[str, Any], *, is_bounded: bool) -> Iterator[str]:
    name, kind = step.get("Relation Name"), step["Node Type"]
    is_walk = kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in step and not is_bounded)
    if name in LARGE and is_walk and not step.get("Index Name", "").endswith(MEMBERS):
        yield json.dumps(step, indent=1)
    for inner in step.get("Plans", ()):
        yield from _steps(inner, is_bounded=is_bounded or kind == "Limit")


def _against_mutes(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - likewise
    """Where PostgreSQL may hold each row against each account that somebody mutes."""
    if conn.dialect.name == "sqlite":
        return []
    (plan,) = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return [step for step in _anti_joined(plan["Plan"]) if '"Relation Name": "mutes"' in step]


def _anti_joined(step: dict[str, Any]) -> Iterator[str]:
    """What is joined to see that it is not there, without what is asked beside it."""
    for inner in step.get("Plans", ()):
        if step.get("Join Type") == "Anti" and inner["Parent Relationship"] == "Inner":
            yield json.dumps(inner, indent=1)
        yield from _anti_joined(inner)


async def _prepared(working: WorkingServer) -> tuple[Member, dict[str, str]]:
    """A member who reads, and whose ids stand in the addresses of pages."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    status = await post(anna, "#lunch is cake @bert")
    await post(bert, "For you @anna", visibility="direct")
    success(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    success(await bert.api.post("/api/v1/featured_tags", json={"name": "lunch"}))
    await working.settle()
    return bert, {"anna": anna.id, "status": status["id"]}


async def _find(
    working: WorkingServer, pages: Sequence[tuple[httpx.AsyncClient, str]], find: Callable[..., list[str]]
) -> str:
    """What ``find`` finds in the plan of any query of the pages."""
    await working.rest()
    told = []
    for client, page in pages:
        with _asked() as queries:
            answer = await client.get(page, headers={"Accept": JSON if "/api/" in page else ACTIVITY_JSON})
            assert answer.is_success, f"{page}: {answer.text}"
        for statement, parameters in queries.items():
            found = await working.server.node.read(find, statement, parameters)
            told += [f"{page}: {step}\n{statement}" for step in found]
    return "\n\n".join(told)


async def test_no_page_walks_a_table(working: WorkingServer) -> None:
    """Of everything that members, visitors and other servers read day by day, whatever there is to be read."""
    bert, ids = await _prepared(working)
    chief = await working.person("chief", scopes=f"{EVERYTHING} admin:read", role=UserRole.ADMIN)
    pages = [
        (client, page.format(**ids))
        for client, asked in ((bert.api, PAGES), (working.server.anonymous, OPEN_PAGES), (chief.api, ADMIN_PAGES))
        for page in asked
    ]

    assert not (walked := await _find(working, pages, _walked)), walked


async def test_no_page_sorts_what_may_be_much(working: WorkingServer) -> None:
    """What is in the order of its page already is read no further than the page goes."""
    bert, ids = await _prepared(working)

    assert not (found := await _find(working, [(bert.api, page.format(**ids)) for page in IN_ORDER], _sorted)), found


async def test_what_is_muted_is_looked_up_by_itself(working: WorkingServer) -> None:
    """A join with 1,500 mutes was a second of processor time, where fewer rows were expected than came."""
    bert, ids = await _prepared(working)
    pages = [(bert.api, page.format(**ids)) for page in PAGES]

    assert not (found := await _find(working, pages, _against_mutes)), found


@pytest.mark.parametrize("few", [1000, 0])
async def test_accounts_are_found_without_looking_at_all_of_them(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Few that begin so are found by that, of many the first by their rank."""
    monkeypatch.setattr(directory, "FEW", few)
    bert, _ = await _prepared(working)
    pages = [(bert.api, "/api/v2/search?type=accounts&q=an"), (bert.api, "/api/v1/accounts/search?q=an")]

    assert not (walked := await _find(working, pages, _walked)), walked
    assert few or not (found := await _find(working, pages, _sorted)), found


@pytest.mark.parametrize("few", [1000, 0])
async def test_hashtags_are_found_without_looking_at_all_of_them(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Likewise, and in the same order: the shortest first."""
    monkeypatch.setattr(tags, "FEW", few)
    bert, _ = await _prepared(working)
    await post(bert, "#lunchtime #lunar #moon #lu_ck")
    # What the jobs of it ask is no part of the page.
    await working.settle()
    page = "/api/v2/search?type=hashtags&q=lu&limit=3"

    found = success(await bert.api.get(page))["hashtags"]
    assert [one["name"] for one in found] == ["lu_ck", "lunar", "lunch"]
    assert not (walked := await _find(working, [(bert.api, page)], _walked)), walked
    assert few or not (found := await _find(working, [(bert.api, page)], _sorted)), found


async def test_accounts_of_a_server_are_found_by_it(working: WorkingServer) -> None:
    """Of one with few, or none, moderators would wait the longer, the more accounts of others are known."""
    chief = await working.person("chief", scopes=f"{EVERYTHING} admin:read", role=UserRole.ADMIN)
    pages = [(chief.api, f"/api/{version}/admin/accounts?by_domain=There.example") for version in ("v1", "v2")]

    def walked(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - as the driver takes them
        if conn.dialect.name != "sqlite":
            return []
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows if row.detail.startswith("SCAN accounts")]

    assert not (found := await _find(working, pages, walked)), found


async def test_whom_one_unfollows_is_not_looked_for_in_all_one_may_read(working: WorkingServer) -> None:
    """What they posted and boosted, and boosts of it, leaves a home timeline however long that is."""
    bert, ids = await _prepared(working)
    with _asked("DELETE FROM home_timeline") as made:
        success(await bert.api.post(f"/api/v1/accounts/{ids['anna']}/unfollow"))

    def walked(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - as the driver takes them
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows if re.search(r" home_timeline .*\(account_id=\?\)", row.detail)]

    assert made
    if working.server.node.db.dialect == "sqlite":
        for statement, parameters in made.items():
            assert not await working.server.node.read(walked, statement, parameters), statement


async def test_pins_and_hashtags_of_an_author_are_found_by_themselves(working: WorkingServer) -> None:
    """Not among all that was ever written, which profiles would take the longer for."""
    bert, ids = await _prepared(working)
    pages = [
        (bert.api, f"/api/v1/accounts/{ids['anna']}/statuses?pinned=true"),
        (working.server.anonymous, f"/api/v1/accounts/{ids['anna']}/statuses?pinned=true"),
        (bert.api, f"/api/v1/accounts/{ids['anna']}/statuses?tagged=lunch"),
        (bert.api, "/api/v1/featured_tags"),
        (working.server.anonymous, "/users/anna/collections/featured"),
    ]

    assert not (found := await _find(working, pages, _by_author)), found


async def test_who_wrote_what_was_found_is_not_looked_for_in_all_that_colleagues_wrote(working: WorkingServer) -> None:
    """Who knows about something is asked of some hundred statuses; each colleague was held against each of them."""
    bert, _ = await _prepared(working)
    await working.rest()
    node, found = working.server.node, [StatusId(number) for number in range(1, 400)]
    with _asked() as queries:
        await node.read(people.list_writers, bert.user.account_id, node.now(), found)

    assert queries
    for statement, parameters in queries.items():
        assert not (walked := await node.read(_by_author, statement, parameters)), f"{walked}\n{statement}"


@pytest.mark.parametrize("key", ["languages", "sources", "servers", "instance_languages"])
async def test_what_was_written_in_some_days_is_found_by_its_days(working: WorkingServer, key: str) -> None:
    """Those who look after a node would wait the longer for the last month, the more was written before it."""
    chief = await working.person("chief", scopes=f"{EVERYTHING} admin:read", role=UserRole.ADMIN)
    await working.rest()
    with _asked() as queries:
        success(
            await chief.api.post(
                "/api/v1/admin/dimensions", json={"keys": [key], "instance_languages": {"domain": "there.example"}}
            )
        )

    def walked(conn: Connection, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - as the driver takes them
        if conn.dialect.name != "sqlite":
            return []
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows if " statuses " in row.detail and "id>? AND id<?" not in row.detail]

    assert queries
    for statement, parameters in queries.items():
        assert not (found := await working.server.node.read(walked, statement, parameters)), f"{found}\n{statement}"


async def test_followers_at_a_server_are_found_by_it_where_an_account_has_many(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each delivery of what is for followers says who they are at its server: each read all 100,000 of a famous one."""
    _, ids = await _prepared(working)
    await working.rest()
    node, anna, found = working.server.node, AccountId(int(ids["anna"])), []
    for few in (relationships.FEW_FOLLOWERS, 0):
        monkeypatch.setattr(relationships, "FEW_FOLLOWERS", few)
        with _asked() as queries:
            await node.read(relationships.list_followers_at, anna, "there.example", 10)
        *_, (statement, parameters) = queries.items()
        found.append(await node.read(_first_step, statement, parameters))

    if node.db.dialect == "sqlite":
        assert ["ix_follows_target" in found[0], "ix_accounts_peer" in found[1]] == [True, True], found


async def test_what_answers_nobody_is_found_among_answers_by_itself(working: WorkingServer) -> None:
    """What a profile shows first; of answers there may be any number more."""
    bert, ids = await _prepared(working)
    pages = [
        (client, f"/api/v1/accounts/{ids['anna']}/statuses?{chosen}")
        for client in (bert.api, working.server.anonymous)
        for chosen in ("exclude_replies=true", "exclude_replies=true&exclude_reblogs=true")
    ]

    assert not (found := await _find(working, pages, _by_author)), found


async def test_answers_that_came_first_are_found_by_what_they_answer(working: WorkingServer) -> None:
    """Not among all statuses that answer nothing, of which there are as many as there are statuses."""
    anna = await working.person("anna")
    posted = await post(anna, "Who answered before?")
    node = working.server.node

    def unit(conn: Connection) -> dict[str, Any]:
        with _asked() as queries:
            statuses.adopt(conn, statuses.get(conn, StatusId(int(posted["id"]))), posted["uri"])
        return {statement: parameters for statement, parameters in queries.items() if "in_reply_to_uri =" in statement}

    ((statement, parameters),) = (await node.write(unit)).items()
    if node.db.dialect == "sqlite":
        plan = await node.read(lambda conn: conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())

        assert any("ix_statuses_in_reply_to_uri" in step.detail for step in plan), plan


def test_every_reference_has_an_index() -> None:
    """Otherwise whatever is deleted is looked for in the whole table of what may refer to it."""
    missing = []
    for table in metadata.sorted_tables:
        keys = [table.primary_key, *(one for one in table.constraints if isinstance(one, sa.UniqueConstraint))]
        leading = {next(iter(key.columns)) for key in keys if len(key.columns)}
        leading |= {column for index in table.indexes for column in index.expressions[:1]}  # type: ignore[misc]
        missing += [str(key.parent) for key in table.foreign_keys if key.parent not in leading]

    assert not missing
