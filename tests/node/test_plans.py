"""What the database does for a page: it finds its way by indexes, however many accounts and statuses there are.

On PostgreSQL walking a table is made dear first: a test has too few rows for an index to be worth it. What is found by
the names people gave themselves is left out: every display name is looked at.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import StatusId
from fedorg.store import statuses
from fedorg.store.tables import metadata
from tests.node.talking import WorkingServer, follow, post, success

LARGE: Final = (
    "accounts",
    "favourites",
    "follows",
    "home_timeline",
    "mentions",
    "notifications",
    "search_documents",
    "status_cards",
    "status_tags",
    "statuses",
)
# All that is public, the newest first: the way to these pages alone.
PUBLIC: Final = "ix_statuses_public"
PAGES: Final = (
    "/api/v1/timelines/home",
    "/api/v1/timelines/direct",
    "/api/v1/timelines/public?reach=organisation",
    "/api/v1/timelines/tag/lunch",
    "/api/v1/timelines/tag/lunch?any[]=tea&none[]=cake",
    "/api/v1/notifications",
    "/api/v2/notifications",
    "/api/v1/accounts/{anna}/statuses",
    "/api/v1/accounts/{anna}/statuses?exclude_reblogs=true",
    "/api/v1/featured_tags/suggestions",
    "/api/v1/directory?order=new",
    "/api/v1/directory?order=active&local=true",
    "/api/v2/suggestions",
    "/api/v1/tags/lunch",
    "/api/v1/trends/tags",
    "/api/v2/search?type=statuses&q=cake",
    "/api/v2/search?type=statuses&q=in:library",
    "/api/v2/search?type=hashtags&q=lu",
)


@contextmanager
def _asked() -> Iterator[dict[str, Any]]:
    """Every query made meanwhile, with what it was asked with."""
    made: dict[str, Any] = {}

    def on_execute(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401
        if statement.startswith("SELECT"):
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
        walks = re.compile(rf"SCAN ({'|'.join(LARGE)})\b{'(?! USING)' if is_bounded else ''}")
        return [step for step in steps if walks.match(step) or PUBLIC in step]
    for way in ("seqscan", "bitmapscan", "mergejoin", "hashjoin"):
        conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    (plan,) = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return list(_steps(plan["Plan"], is_bounded=False))


def _steps(step: dict[str, Any], *, is_bounded: bool) -> Iterator[str]:
    name, kind = step.get("Relation Name"), step["Node Type"]
    is_walk = kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in step and not is_bounded)
    if name in LARGE and is_walk:
        yield json.dumps(step, indent=1)
    for inner in step.get("Plans", ()):
        yield from _steps(inner, is_bounded=is_bounded or kind == "Limit")


async def test_no_page_walks_a_table(working: WorkingServer) -> None:
    """Of everything that a member reads day by day, whatever there is to be read."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    status = await post(anna, "#lunch is cake @bert")
    await post(bert, "For you @anna", visibility="direct")
    success(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
    await working.settle()
    walked: dict[str, list[str]] = {}

    for page in PAGES:
        with _asked() as queries:
            success(await bert.api.get(page.format(anna=anna.user.account_id)))
        for statement, parameters in queries.items():
            for step in await working.server.node.read(_walked, statement, parameters):
                walked.setdefault(page, []).append(f"{step}\n{statement}")

    assert not walked, "\n\n".join(f"{page}: {text}" for page, found in walked.items() for text in found)


async def test_answers_that_came_first_are_found_by_what_they_answer(working: WorkingServer) -> None:
    """Not among all statuses that answer nothing, of which there are as many as there are statuses."""
    anna = await working.person("anna")
    posted = await post(anna, "Who answered before?")
    node = working.server.node

    def unit(conn: Connection) -> dict[str, Any]:
        with _asked() as queries:
            statuses.adopt(conn, statuses.get(conn, StatusId(int(posted["id"]))))
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
