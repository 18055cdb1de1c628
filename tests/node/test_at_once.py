"""Two people do something to the same thing at the same moment: one is first, and both are told the truth."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import httpx

from fedorg.domain.filters import FilterStatus
from fedorg.domain.statuses import Status
from fedorg.ids import StatusId
from fedorg.node import Node
from fedorg.services.statuses.deleting import remove
from fedorg.store import filters, statuses
from tests.node.at_once import meanwhile
from tests.node.serving import Member, NodeServer
from tests.node.talking import post, success

Act = Callable[[Member, str], Awaitable[httpx.Response]]
OF_ANYBODY: Final[dict[str, Act]] = {
    "favourite": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/favourite"),
    "bookmark": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/bookmark"),
    "reblog": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/reblog"),
    "answer": lambda who, status: who.api.post("/api/v1/statuses", json={"status": "Yes", "in_reply_to_id": status}),
    "quote": lambda who, status: who.api.post("/api/v1/statuses", json={"status": "So", "quoted_status_id": status}),
}
OF_ITS_AUTHOR: Final[dict[str, Act]] = {
    "pin": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/pin"),
    "edit": lambda who, status: who.api.put(f"/api/v1/statuses/{status}", json={"status": "Better"}),
    "delete": lambda who, status: who.api.delete(f"/api/v1/statuses/{status}"),
}


async def test_what_is_deleted_at_the_same_moment_is_not_found(node_server: NodeServer) -> None:
    """Whatever somebody does with a status that its author is just deleting; nothing then hangs on what is gone."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    for who, acts in ((bela, OF_ANYBODY), (anna, OF_ITS_AUTHOR)):
        for name, act in acts.items():
            status = await _recorded(node, await post(anna, f"For {name}"))

            answer = await meanwhile(node, partial(remove, node=node, status=status), act(who, str(status.id)))

            assert answer.status_code == 404, (name, answer.text)
    assert success(await bela.api.get(f"/api/v1/accounts/{bela.id}/statuses")) == []


async def test_a_boost_taken_back_twice_is_counted_once(node_server: NodeServer) -> None:
    """By its booster, while the boost is just going for another reason."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    posted, _ = await post(anna, "Hello"), await post(bela, "Hello yourself")
    success(await anna.api.post(f"/api/v1/statuses/{posted['id']}/reblog"))
    boost = await _recorded(node, success(await bela.api.post(f"/api/v1/statuses/{posted['id']}/reblog")))

    answer = await meanwhile(
        node, lambda conn: remove(conn, node, boost), bela.api.post(f"/api/v1/statuses/{posted['id']}/unreblog")
    )

    assert success(answer)["reblogs_count"] == 1
    assert success(await bela.api.get("/api/v1/accounts/verify_credentials"))["statuses_count"] == 1


async def test_a_status_named_in_a_filter_twice_at_once_is_in_it_once(node_server: NodeServer) -> None:
    """Both requests are answered with the one entry there is."""
    node, anna = node_server.node, await node_server.person("anna")
    posted = await post(anna, "Hello")
    made = success(await anna.api.post("/api/v2/filters", json={"title": "Greetings", "context": ["home"]}))
    entry = FilterStatus(id=node.ids.next(), filter_id=int(made["id"]), status_id=StatusId(int(posted["id"])))

    answer = await meanwhile(
        node,
        lambda conn: filters.insert_status(conn, entry),
        anna.api.post(f"/api/v2/filters/{made['id']}/statuses", json={"status_id": posted["id"]}),
    )

    assert success(answer)["id"] == str(entry.id)


async def _recorded(node: Node, entity: dict[str, Any]) -> Status:
    return await node.read(statuses.get, StatusId(int(entity["id"])))
