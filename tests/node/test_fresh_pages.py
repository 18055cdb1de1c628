"""What was made of rows is kept, and yet every page shows what stands in the database at that moment.

Whoever wrote it, for every viewer: each part of a status is looked at, changed, and looked at again at once.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fedorg.domain.accounts import UserRole
from fedorg.kept import Kept
from fedorg.store.engine import open_database
from tests.node.serving import Member
from tests.node.talking import WorkingServer, follow, picture, post, success, upload

PAGES: Final = ("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/accounts/{author}/statuses")


async def looks(viewer: Member, status: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """A status as it stands on each page that a viewer reads, and by itself; None where it is missing."""
    author = status["account"]["id"]
    pages = [success(await viewer.api.get(page.format(author=author))) for page in PAGES]
    found = [next((one for one in page if one["id"] == status["id"]), None) for page in pages]
    alone = await viewer.api.get(f"/api/v1/statuses/{status['id']}")
    return [*found, alone.json() if alone.status_code == 200 else None]


async def test_every_change_is_in_the_very_next_answer(working: WorkingServer) -> None:
    """Of the status, of its author, of what hangs on it, and of what one viewer alone did."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    await follow(carl, anna)
    file = await upload(anna, description="Before")
    status = await post(anna, "A #first word", media_ids=[file["id"]])
    asked = await post(anna, "Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    await working.settle()
    this, poll = f"/api/v1/statuses/{status['id']}", f"/api/v1/polls/{asked['poll']['id']}/votes"
    edit = {"status": "A #second word", "media_ids": [file["id"]]}
    described = {**edit, "media_attributes": [{"id": file["id"], "description": "After"}]}
    word = {"title": "Words", "context": ["home"], "keywords_attributes": [{"keyword": "second"}]}
    steps: list[tuple[str, Any, Callable[[], Awaitable[Any]], Any, Callable[[Any], Any]]] = [
        ("edit", status, lambda: anna.api.put(this, json=edit), "second", lambda one: one["tags"][0]["name"]),
        ("file", status, lambda: anna.api.put(this, json=described), "After", _description),
        ("favourite", status, lambda: carl.api.post(f"{this}/favourite"), 1, lambda one: one["favourites_count"]),
        ("boost", status, lambda: carl.api.post(f"{this}/reblog"), 1, lambda one: one["reblogs_count"]),
        ("name", status, lambda: _profile(anna, display_name="Anna B"), "Anna B", _name),
        ("vote", asked, lambda: carl.api.post(poll, json={"choices": [1]}), [0, 1], _votes),
        ("own favourite", status, lambda: bert.api.post(f"{this}/favourite"), True, lambda one: one["favourited"]),
        ("own bookmark", status, lambda: bert.api.post(f"{this}/bookmark"), True, lambda one: one["bookmarked"]),
        ("own mute", status, lambda: bert.api.post(f"{this}/mute"), True, lambda one: one["muted"]),
        ("own filter", status, lambda: bert.api.post("/api/v2/filters", json=word), ["second"], _filtered),
        ("no favourite", status, lambda: bert.api.post(f"{this}/unfavourite"), False, lambda one: one["favourited"]),
    ]

    for name, shown, act, expected, of in steps:
        before = [of(one) for one in await looks(bert, shown)]
        success(await act())
        after = [of(one) for one in await looks(bert, shown)]

        assert expected not in before, name
        assert after == [expected] * 4, name
    mine = (await looks(carl, status))[0]
    assert [mine[flag] for flag in ("favourited", "reblogged", "bookmarked", "muted")] == [True, True, False, False]
    assert mine["filtered"] == []


async def test_pictures_and_moderation_are_in_the_very_next_answer(working: WorkingServer) -> None:
    """A new avatar, a mark as sensitive, a suspension and its end, a block, a deletion."""
    anna, bert = await working.person("anna"), await working.person("bert")
    mod = await working.person("mod", role=UserRole.MODERATOR, scopes="read write admin:read admin:write")
    await follow(bert, anna)
    file = await upload(anna)
    status = await post(anna, "Hello", media_ids=[file["id"]])
    await working.settle()
    old = (await looks(bert, status))[0]

    success(await _profile_picture(anna))
    pictured = await looks(bert, status)
    success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/action", json={"type": "sensitive"}))
    marked = await looks(bert, status)
    success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/action", json={"type": "suspend"}))
    suspended = await bert.api.get(f"/api/v1/statuses/{status['id']}")
    success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/unsuspend"))
    back = await bert.api.get(f"/api/v1/statuses/{status['id']}")
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/block"))
    blocked = await looks(bert, status)
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/unblock"))
    unblocked = await bert.api.get(f"/api/v1/statuses/{status['id']}")
    # The suspension ended her tokens.
    again = await working.server.api(await working.server.token(anna.user))
    success(await again.delete(f"/api/v1/statuses/{status['id']}"))
    deleted = await bert.api.get(f"/api/v1/statuses/{status['id']}")

    assert all(one["account"]["avatar"] != old["account"]["avatar"] for one in pictured)
    assert len({one["account"]["avatar"] for one in pictured}) == 1
    assert [one["sensitive"] for one in marked] == [True] * 4
    assert [one.status_code for one in (suspended, back, unblocked, deleted)] == [404, 200, 200, 404]
    assert blocked == [None] * 4


async def test_what_another_process_wrote_is_in_the_very_next_answer(working: WorkingServer) -> None:
    """Rows that change behind the back of a process, one table after the other."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    file = await upload(anna)
    status = await post(anna, "A #word for @bert", media_ids=[file["id"]])
    asked = await post(anna, "Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    await working.settle()
    changes: list[tuple[str, Any, Callable[[Any], Any], Any]] = [
        ("UPDATE statuses SET content = 'Other'", status, lambda one: one["content"], "Other"),
        ("UPDATE statuses SET replies_count = 7", status, lambda one: one["replies_count"], 7),
        ("UPDATE accounts SET display_name = 'Other'", status, _name, "Other"),
        ("UPDATE media_attachments SET description = 'Other'", status, _description, "Other"),
        ("UPDATE polls SET tallies = '[3, 4]'", asked, _votes, [3, 4]),
        ("UPDATE tags SET name = 'other'", status, lambda one: one["tags"][0]["name"], "other"),
        ("UPDATE applications SET name = 'Other'", status, _application, "Other"),
        ("UPDATE accounts SET url = 'https://other.example'", status, _mentioned, "https://other.example"),
        ("DELETE FROM mentions", status, lambda one: one["mentions"], []),
    ]
    # As another process of this node would.
    other = await open_database(working.server.node.settings.database)

    for statement, shown, of, expected in changes:
        before = [of(one) for one in await looks(anna, shown)]
        await other.write(lambda conn, said=statement: conn.exec_driver_sql(said))  # type: ignore[misc]
        after = [of(one) for one in await looks(anna, shown)]

        assert expected not in before, statement
        assert after == [expected] * 4, statement
    await other.close()


def test_what_is_kept_is_bounded_and_only_given_for_the_same() -> None:
    """What is used stays, what is not goes; another source is another value, whatever was kept under the key."""
    made: list[str] = []

    def make(source: str) -> str:
        made.append(source)
        return source.upper()

    kept = Kept(make, bytes_max=40_000, each_bytes=100)

    assert [kept.of(1, "one"), kept.of(1, "one"), kept.of(1, "other"), kept.of(1, "one")] == [
        "ONE",
        "ONE",
        "OTHER",
        "ONE",
    ]
    assert made == ["one", "other", "one"]
    for number in range(2, 1000):
        kept.of(number, str(number))
        kept.of(1, "one")
    assert made.count("one") == 2
    kept.of(2, "2")
    assert made.count("2") == 2


async def _profile(member: Member, **fields: str) -> Any:  # noqa: ANN401 - a response
    return await member.api.patch("/api/v1/accounts/update_credentials", json=fields)


async def _profile_picture(member: Member) -> Any:  # noqa: ANN401 - a response
    files = {"avatar": ("picture.png", picture("blue"), "image/png")}
    return await member.api.patch("/api/v1/accounts/update_credentials", files=files)


def _name(status: Any) -> Any:  # noqa: ANN401 - JSON
    return status["account"]["display_name"]


def _description(status: Any) -> Any:  # noqa: ANN401 - JSON
    return status["media_attachments"][0]["description"]


def _votes(status: Any) -> Any:  # noqa: ANN401 - JSON
    return [option["votes_count"] for option in status["poll"]["options"]]


def _filtered(status: Any) -> Any:  # noqa: ANN401 - JSON
    return [word for found in status["filtered"] for word in found["keyword_matches"]]


def _application(status: Any) -> Any:  # noqa: ANN401 - JSON
    return status["application"]["name"]


def _mentioned(status: Any) -> Any:  # noqa: ANN401 - JSON
    return status["mentions"][0]["url"]
