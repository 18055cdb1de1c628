"""What somebody reads to decide, and what another changes at that very moment: the decision is by what holds then."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

import httpx
import pytest
from sqlalchemy import Connection

from fedorg.domain.filters import Filter, FilterAction, FilterContext
from fedorg.domain.lists import AccountList
from fedorg.domain.notification_policy import Handling
from fedorg.domain.people import Work
from fedorg.domain.statuses import ScheduledStatus, StatusDraft, Tag
from fedorg.ids import AccountId, ListId, ReportId, ScheduledStatusId
from fedorg.node import Node
from fedorg.services import endorsements, filters, lists, scheduling, tags
from fedorg.store import accounts, people, relationships, reports, scheduled_statuses, tag_follows
from fedorg.store import endorsements as stored_endorsements
from fedorg.store import filters as stored_filters
from fedorg.store import lists as stored_lists
from fedorg.store import tags as stored_tags
from fedorg.store.notifications import rules
from tests.node.at_once import meanwhile
from tests.node.serving import Member, NodeServer
from tests.node.talking import follow, success
from tests.node.test_api_admin_accounts import staff

LATER: Final = timedelta(hours=1)


async def test_two_halves_that_are_changed_at_once_are_both_changed(node_server: NodeServer) -> None:
    """By two clients of one member: neither puts back what the other one changed."""
    node, anna = node_server.node, await node_server.person("anna")
    own = anna.user.account_id
    filter_ = success(await anna.api.post("/api/v2/filters", json={"title": "Bees", "context": ["home"]}))
    list_ = success(await anna.api.post("/api/v1/lists", json={"title": "Bees"}))

    def rename_filter(conn: Connection) -> None:
        accounts.hold(conn, own)
        known = stored_filters.get(conn, own, int(filter_["id"]))
        stored_filters.update(conn, replace(known, title="Wasps"))

    def rename_list(conn: Connection) -> None:
        accounts.hold(conn, own)
        stored_lists.update(conn, replace(stored_lists.get(conn, own, ListId(int(list_["id"]))), title="Wasps"))

    def hush_strangers(conn: Connection) -> None:
        accounts.hold(conn, own)
        policy = replace(rules.find_policy(conn, own), for_not_following=Handling.FILTER)
        rules.put_policy(conn, node.now(), own, policy)

    def change_department(conn: Connection) -> None:
        accounts.hold(conn, own)
        people.put(conn, own, Work(department="Hives", listed_at=node.now()))

    path = f"/api/v2/filters/{filter_['id']}"
    changed = success(await meanwhile(node, rename_filter, anna.api.put(path, json={"context": ["public"]})))
    assert (changed["title"], changed["context"]) == ("Wasps", ["public"])
    path = f"/api/v1/lists/{list_['id']}"
    changed = success(await meanwhile(node, rename_list, anna.api.put(path, json={"exclusive": True})))
    assert (changed["title"], changed["exclusive"]) == ("Wasps", True)
    path, wanted = "/api/v2/notifications/policy", {"for_new_accounts": "drop"}
    changed = success(await meanwhile(node, hush_strangers, anna.api.patch(path, json=wanted)))
    assert (changed["for_not_following"], changed["for_new_accounts"]) == ("filter", "drop")
    path = "/api/fedorg/v1/people/me"
    changed = success(await meanwhile(node, change_department, anna.api.patch(path, json={"job_title": "Keeper"})))
    assert (changed["department"], changed["job_title"]) == ("Hives", "Keeper")


async def test_who_takes_a_report_on_keeps_it(node_server: NodeServer) -> None:
    """Also where another moderator says at that moment what it is about."""
    node, mod = node_server.node, await staff(node_server, "mod")
    anna, bela = await node_server.person("anna"), await node_server.person("bela")
    made = success(await anna.api.post("/api/v1/reports", json={"account_id": bela.id}))

    def take_on(conn: Connection) -> None:
        known = reports.get_for_update(conn, ReportId(int(made["id"])))
        reports.change(conn, replace(known, assigned_to=mod.user.id), node.now())

    path = f"/api/v1/admin/reports/{made['id']}"
    changed = success(await meanwhile(node, take_on, mod.api.put(path, json={"category": "spam"})))

    assert (changed["assigned_account"]["id"], changed["category"]) == (mod.id, "spam")


async def test_what_is_limited_stays_so(node_server: NodeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that are made at one moment where there is room for one, the second is refused."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    carl = await node_server.person("carl")
    own = anna.user.account_id
    await follow(anna, bela)
    await follow(anna, carl)
    at = (node.now() + LATER).isoformat()
    for module, name in (
        (filters, "FILTERS_MAX"),
        (lists, "LISTS_MAX"),
        (endorsements, "ENDORSEMENTS_MAX"),
        (tags, "FOLLOWED_MAX"),
        (scheduling, "TOTAL_MAX"),
    ):
        monkeypatch.setattr(module, name, 1)
    cases: dict[str, tuple[Callable[[Connection], object], Callable[[], Awaitable[httpx.Response]]]] = {
        "filter": (
            partial(_insert_filter, node=node, owner=own),
            lambda: anna.api.post("/api/v2/filters", json={"title": "Wasps", "context": ["home"]}),
        ),
        "list": (
            lambda conn: stored_lists.insert(
                conn, node.now(), AccountList(id=ListId(node.ids.next()), account_id=own, title="Bees")
            ),
            lambda: anna.api.post("/api/v1/lists", json={"title": "Wasps"}),
        ),
        "endorsement": (
            partial(_endorse, node=node, owner=own, target=bela.user.account_id),
            lambda: anna.api.post(f"/api/v1/accounts/{carl.id}/endorse"),
        ),
        "hashtag": (
            partial(_follow_tag, node=node, owner=own),
            lambda: anna.api.post("/api/v1/tags/wasps/follow"),
        ),
        "scheduled": (
            partial(_schedule, node=node, member=anna),
            lambda: anna.api.post("/api/v1/statuses", json={"status": "Wasps", "scheduled_at": at}),
        ),
    }

    for name, (unit, act) in cases.items():

        def first(conn: Connection, unit: Callable[[Connection], object] = unit) -> None:
            accounts.hold(conn, own)
            unit(conn)

        late = await meanwhile(node, first, act())

        assert late.status_code == 422, (name, late.text)


def _insert_filter(conn: Connection, node: Node, owner: AccountId) -> None:
    made = Filter(
        id=node.ids.next(),
        account_id=owner,
        title="Bees",
        contexts=(FilterContext.HOME,),
        action=FilterAction.WARN,
        expires_at=None,
    )
    stored_filters.insert(conn, node.now(), made)


def _endorse(conn: Connection, node: Node, owner: AccountId, target: AccountId) -> None:
    known = relationships.find_follow(conn, owner, target)
    assert known is not None
    stored_endorsements.insert(conn, node.ids, node.now(), known)


def _follow_tag(conn: Connection, node: Node, owner: AccountId) -> None:
    tag_id = stored_tags.get_or_insert(conn, node.ids, node.now(), Tag(name="bees", display_name="bees"))
    tag_follows.insert(conn, node.ids, node.now(), owner, tag_id)


def _schedule(conn: Connection, node: Node, member: Member) -> None:
    one = ScheduledStatus(
        id=ScheduledStatusId(node.ids.next()),
        account_id=member.user.account_id,
        user_id=member.user.id,
        draft=StatusDraft(text="Bees"),
        scheduled_at=node.now() + LATER,
    )
    scheduled_statuses.insert(conn, node.now(), one)
