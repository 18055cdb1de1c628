"""What a node says about itself to clients."""

from collections.abc import Awaitable, Callable

import pytest

from fedorg.services import instance
from fedorg.store import accounts
from tests.contract import assert_valid
from tests.node.serving import NodeServer
from tests.node.talking import success
from tests.node.world import insert_stranger

Serve = Callable[..., Awaitable[NodeServer]]


async def test_both_descriptions_of_the_node_are_complete(node_server: NodeServer) -> None:
    """Clients of any age find every member that Mastodon documents."""
    await node_server.person("anna")

    new = await node_server.anonymous.get("/api/v2/instance")
    old = await node_server.anonymous.get("/api/v1/instance")

    assert_valid(new.json(), "Instance")
    assert_valid(old.json(), "V1Instance")
    assert new.json()["configuration"]["urls"]["streaming"] == node_server.url.replace("http", "ws", 1)
    assert old.json()["stats"]["user_count"] == 1


async def test_clients_and_the_front_page_say_alike_whom_to_ask_for_an_invitation(serve: Serve) -> None:
    """Members cannot invite: whoever is sent to one of them is sent in vain."""
    server = await serve(registration="invite")
    told = (await server.anonymous.get("/api/v2/instance")).json()["registrations"]["message"]
    page = (await (await server.browser()).open("/")).text

    for words in (told, page):
        assert "from somebody who looks after this server" in words


async def test_a_large_node_counts_itself_once_in_a_while(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers are a minute late at most; a small one counts whenever it is asked."""

    async def members() -> int:
        stats = (await node_server.anonymous.get("/api/v1/instance")).json()["stats"]
        return int(stats["user_count"])

    await node_server.person("anna")
    assert await members() == 1
    await node_server.person("bert")
    assert await members() == 2
    monkeypatch.setattr(instance, "SMALL_MAX", 1)
    await node_server.person("cora")
    assert await members() == 3
    await node_server.person("dora")
    assert await members() == 3
    node_server.clock.advance(instance.COUNTED_EVERY)

    assert await members() == 4


async def test_servers_are_named_once_each_in_order(node_server: NodeServer) -> None:
    """Those of which an account is shown here; they are as many as are counted."""
    for number, domain in enumerate(("c.example", "a.example", "b.example", "a.example", "c.example")):
        await insert_stranger(node_server.node, f"user{number}", domain)
    suspended = await insert_stranger(node_server.node, "last", "d.example")
    await node_server.node.write(lambda conn: accounts.suspend_remotely(conn, suspended.id, node_server.clock()))

    assert (await node_server.anonymous.get("/api/v1/instance/peers")).json() == ["a.example", "b.example", "c.example"]
    assert (await node_server.anonymous.get("/api/v1/instance")).json()["stats"]["domain_count"] == 4


@pytest.mark.parametrize(("mode", "is_limited", "reach"), [("partners", True, "partners"), ("open", False, "public")])
async def test_a_limited_node_tells_neither_its_peers_nor_its_activity(
    serve: Serve, mode: str, reach: str, *, is_limited: bool
) -> None:
    """A node that does not federate with everybody says so, and hides how many are active."""
    server = await serve(federation_mode=mode, default_reach=reach)

    entity = (await server.anonymous.get("/api/v2/instance")).json()

    assert entity["configuration"]["limited_federation"] is is_limited
    told = entity["configuration"]["statuses"]
    assert (told["reaches"][-1], told["reaches"][0], told["default_reach"]) == (reach, "node", reach)
    assert entity["usage"]["users"]["active_month"] == 0
    assert (await server.anonymous.get("/api/v1/instance/peers")).json() == []


async def test_lists_that_are_empty_here_are_empty_lists(node_server: NodeServer) -> None:
    """Rules and custom emojis are answered, empty; texts that were never written are not found."""
    for path in ("/api/v1/instance/rules", "/api/v1/custom_emojis"):
        answer = await node_server.anonymous.get(path)
        assert (answer.status_code, answer.json()) == (200, [])

    assert (await node_server.anonymous.get("/api/v1/instance/privacy_policy")).status_code == 404
    description = await node_server.anonymous.get("/api/v1/instance/extended_description")
    assert_valid(description.json(), "ExtendedDescription")


async def test_activity_counts_twelve_weeks(node_server: NodeServer) -> None:
    """The newest week counts the person who has just registered, as strings."""
    await node_server.person("anna")

    weeks = (await node_server.anonymous.get("/api/v1/instance/activity")).json()

    assert len(weeks) == 12
    assert weeks[0]["registrations"] == "1"
    assert weeks[0]["week"].isdigit()


async def test_weeks_of_a_node_that_writes_much_are_counted_once_in_a_while(
    node_server: NodeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its other numbers are: a minute late at most."""
    anna = await node_server.person("anna")

    async def written() -> int:
        success(await anna.api.post("/api/v1/statuses", data={"status": "One more"}))
        return int((await node_server.anonymous.get("/api/v1/instance/activity")).json()[0]["statuses"])

    assert [await written(), await written()] == [1, 2]
    monkeypatch.setattr(instance, "SMALL_MAX", 2)
    assert [await written(), await written()] == [3, 3]
    node_server.clock.advance(instance.COUNTED_EVERY)
    assert await written() == 5


async def test_metadata_of_the_authorization_server_names_s256_alone(node_server: NodeServer) -> None:
    """RFC 8414: clients learn where to go, and that only S256 is taken."""
    answer = await node_server.anonymous.get("/.well-known/oauth-authorization-server")

    assert_valid(answer.json(), "DiscoverOauthServerConfigurationResponse")
    assert answer.json()["code_challenge_methods_supported"] == ["S256"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
