"""Every route of the node: whoever asks it, nothing comes out that is not for them.

All that is read (``GET``) is tried as it stands in the map of routes, by everybody, with the numbers of whatever there
is in its address. What is written is tried where it answers with a status; for the rest ``QUIET`` says why it carries
none.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from werkzeug.routing import Rule

from fedorg import web
from fedorg.node import Node
from tests.node.fake_peer import ACTIVITY_JSON
from tests.node.leaks.audiences import INSIDE, VISIBILITIES, Mark, Viewer, may_learn
from tests.node.leaks.scene import MEMBERS, Scene

AT_ONCE: Final = 6
PAGES_MAX: Final = 6
# What servers ask of each other; the rest is for people and their clients.
_BETWEEN_SERVERS: Final = (
    "/users/",
    "/@",
    "/actor",
    "/audiences/",
    "/directory",
    "/organisation",
    "/.well-known/",
    "/nodeinfo/",
)
_OF_STATUSES: Final = frozenset(
    {
        "timelines", "statuses", "search", "notifications", "grouped_notifications", "notification_requests", "polls",
        "conversations", "quotes", "scheduled_statuses", "trends", "filters", "featured_tags", "people", "oembed",
    }
)  # fmt: skip
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")

_LIMIT: Final = {"limit": "40"}
_REACHES: Final = [{**_LIMIT, "reach": reach} for reach in ("node", "organisation", "partners", "public")]
# With which questions a route is asked, where none would show little.
QUERIES: Final[Mapping[str, Sequence[Mapping[str, str]]]] = {
    "timelines.list_public": [
        _LIMIT, *_REACHES, *({**_LIMIT, name: "true"} for name in ("local", "remote", "only_media")),
    ],
    "timelines.list_tagged": [_LIMIT, *_REACHES],
    "timelines.list_of_account": [
        _LIMIT, *({**_LIMIT, name: "true"} for name in ("pinned", "only_media", "exclude_replies")),
        {**_LIMIT, "tagged": "leak"},
    ],
    "search.search_all": [
        {"q": query, "limit": "40", "resolve": "true"}
        for query in ("kestrel", "#leak", "from:anna kestrel", "from:bert reach:organisation", "reach:partners",
                      "has:poll", "in:library kestrel", "-has:link")
    ],
    "search.search_accounts": [{"q": "anna", "resolve": "true"}],
    "people.list_people": [{"q": "anna"}],
    "people.list_experts": [{"q": "kestrel"}],
    "people_pages.show_people": [{"q": "kestrel"}, {"about": "kestrel"}],
    "accounts.lookup_account": [{"acct": "anna"}],
    "timelines.list_linked": [{"url": "https://links.example/"}],
    "collections.get_outbox": [{}, {"page": "true"}],
    "collections.get_replies": [{}, {"page": "true"}],
    "collections.get_context": [{}, {"page": "true"}],
    "collections.get_shares": [{}, {"page": "true"}],
    "collections.get_directory": [{"page": "true"}],
}  # fmt: skip
# Routes that are asked for one status by its address.
BY_ADDRESS: Final[Mapping[str, str]] = {"search.search_all": "q", "oembed.show_embed": "url"}

# Where each status is asked for by everybody, and the answers are held exactly against the oracle.
WHOLE: Final = frozenset({"objects.get_note", "statuses.get"})

QUIET: Final[Mapping[str, str]] = {
    "it answers with an account, or with what somebody is to the one who asks": """
        accounts.register_account accounts.update_credentials accounts.change_profile accounts.delete_avatar
        accounts.delete_header relationships.block relationships.unblock relationships.follow relationships.unfollow
        relationships.mute relationships.unmute relationships.set_note relationships.remove_from_followers
        relationships.authorize_request relationships.reject_request endorsements.endorse endorsements.unendorse
        suggestions.dismiss_suggestion people.change_work""",
    "it answers with a hashtag": """
        tags.follow_tag tags.unfollow_tag featured_tags.feature featured_tags.unfeature featured_tags.feature_by_name
        featured_tags.unfeature_by_name""",
    "it answers with a list, a filter or a collection that the one who asks made, and numbers that they sent": """
        lists.create_list lists.update_list lists.delete_list lists.add_members lists.remove_members
        filters.create_phrase filters.update_phrase filters.delete_phrase filters.create_filter filters.update_filter
        filters.delete_filter filters.add_keyword filters.update_keyword filters.delete_keyword filters.add_status
        filters.delete_status featured_collections.create featured_collections.change featured_collections.delete
        featured_collections.add featured_collections.remove featured_collections.revoke markers.set_markers""",
    "it takes something away or marks it as seen, and answers with nothing or a number": """
        conversations.forget notifications.dismiss notifications.clear notification_requests.accept
        notification_requests.dismiss notification_requests.accept_many notification_requests.dismiss_many
        notification_requests.change_policy notification_requests.change_v1_policy grouped_notifications.dismiss_group
        acknowledgements.acknowledge announcement_pages.acknowledge announcements.dismiss
        announcements.react announcements.unreact annual_reports.generate annual_reports.read
        domain_blocks.block_domain domain_blocks.unblock_domain push.subscribe push.change_subscription push.unsubscribe
        scheduled_statuses.cancel""",
    "it answers with a file that the one who asks uploaded": """
        media.upload media.upload_as_before media.change media.delete""",
    "it is about programs, tokens and ways in": """
        apps.register_application oauth.issue_token oauth.revoke_token oauth.show_userinfo consent.decide
        sign_in.sign_in sign_in.sign_out sign_in.use_link invites.sign_up invites.use_invite mail.change mail.confirm
        mail.set_new_password mail.undo mail.ask_for_reset emails.send_confirmation""",
    "it is a form of a member's own page, and leads back to it": """
        home.revoke_application home.create_invite home.take_back_invite home.answer_sign_up
        credentials.change_email credentials.change_password
        moving.move moving.change_aliases moving.cancel_move people_pages.change_work
        reach_pages.change_reach""",
    "it is for those who look after the node, and tells of accounts, blocks, agreements, numbers and reports": """
        admin_domain_allows.allow admin_domain_allows.disallow admin_domain_blocks.block
        admin_domain_blocks.change_block admin_domain_blocks.lift_block
        admin_accounts.delete admin_accounts.act admin_accounts.approve admin_accounts.enable admin_accounts.reject
        admin_accounts.unsensitive admin_accounts.unsilence admin_accounts.unsuspend admin_email_blocks.block_address
        admin_email_blocks.unblock_address admin_email_blocks.match_address admin_email_blocks.block_domain
        admin_email_blocks.unblock_domain admin_ip_blocks.block_network admin_ip_blocks.change_block
        admin_ip_blocks.unblock admin_measures.list_dimensions admin_measures.list_measures admin_measures.list_cohorts
        admin_reports.update admin_reports.assign_to_self admin_reports.reopen admin_reports.resolve
        admin_reports.unassign admin_tags.update admin_trends.approve_link admin_trends.reject_link
        admin_trends.approve_publisher admin_trends.reject_publisher admin_trends.approve_status
        introductions.approve introductions.dismiss introductions.change_policy
        partnerships.accept partnerships.approve partnerships.change partnerships.decline partnerships.invite
        partnerships.resume partnerships.revoke partnerships.suspend partnerships.withdraw partnership_pages.invite
        peers.change peers.try_peer peers.retry peers.import_list peer_pages.change peer_pages.import_list
        partnership_pages.decide partnership_pages.look introduction_pages.decide introduction_pages.change_policy
        admin_trends.reject_status admin_trends.approve_tag admin_trends.reject_tag""",
}
# What is written and answers with a status: tried in ``try_writing``, or by other servers (``deeds``).
WRITING: Final = frozenset(
    {
        "statuses.post", "statuses.edit", "statuses.delete", "statuses.bookmark", "statuses.unbookmark",
        "statuses.favourite", "statuses.unfavourite", "statuses.mute_thread", "statuses.unmute_thread",
        "statuses.reblog", "statuses.unreblog", "statuses.translate", "pins.pin", "pins.unpin",
        "quotes.change_interaction_policy", "quotes.revoke", "polls.vote", "conversations.mark_read",
        "scheduled_statuses.put_off", "reports.file_report",
    }
)  # fmt: skip
BY_SERVERS: Final = frozenset({"inbox.post_inbox", "inbox.post_shared_inbox"})
# Heard by listening while things happen (``scene``).
BY_LISTENING: Final = frozenset({"streaming.converse", "streaming.stream_events"})


def rules_of(node: Node) -> list[Rule]:
    """Every route that is registered."""
    return sorted(web.create_app(node).url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def unlisted(rules: Iterable[Rule]) -> list[str]:
    """Routes that nobody tries and of which nobody says why not; and names of routes that do not exist."""
    quiet = {endpoint for named in QUIET.values() for endpoint in named.split()}
    listed = quiet | WRITING | BY_SERVERS | BY_LISTENING
    written = {rule.endpoint for rule in rules if "GET" not in (rule.methods or ())}
    there = {rule.endpoint for rule in rules}
    named_only = (listed | QUERIES.keys() | BY_ADDRESS.keys()) - there
    return sorted(written - listed) + [f"{name} is no route" for name in sorted(named_only)]


@dataclass(slots=True)
class Walk:
    """Everybody's way through the doors; ``statuses_of`` keeps what was answered for one status."""

    scene: Scene
    only: frozenset[str] = frozenset()
    answered: dict[tuple[str, str, Mark], int] = field(default_factory=dict)
    requests: int = 0
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _clients: dict[str, tuple[httpx.AsyncClient, httpx.AsyncClient]] = field(default_factory=dict)

    async def go(self, members: Sequence[Viewer] = MEMBERS, servers: Sequence[Viewer] | None = None) -> None:
        """Ask everything, as everybody."""
        for viewer in members:
            self._clients[viewer.name] = await self._sign_in(viewer)
        tasks: list[Awaitable[None]] = []
        for rule in rules_of(self.scene.working.server.node):
            is_read = "GET" in (rule.methods or ()) and rule.endpoint not in BY_LISTENING
            if not is_read or (self.only and rule.endpoint not in self.only):
                continue
            for viewer in (*members, *(self.scene.viewers() if servers is None else servers)):
                if _may_ask(viewer, rule):
                    fetch = self._as_person if viewer in members else self._as_server
                    tasks += [self._ask(rule, viewer, fetch, *where) for where in self._paths(rule, viewer)]
        await asyncio.gather(*tasks)

    def _paths(self, rule: Rule, viewer: Viewer) -> list[tuple[str, Mark | None]]:
        """Every address that a route may have here for somebody, and the one status it is about."""
        names = _PLACE.findall(rule.rule)
        found: list[tuple[str, Mark | None]] = []
        if "status_id" in names:
            return [(self._fill(rule, {"status_id": str(mark.number), "username": mark.author}), mark)
                    for mark in self._marks_for(rule, viewer)]  # fmt: skip
        for values in self._combinations(names):
            if "quote_id" in values and values["username"] != "anna":
                continue
            path = self._fill(rule, values)
            queries = QUERIES.get(rule.endpoint, [_LIMIT])
            found += [(str(httpx.URL(path, params=query)) if query else path, None) for query in queries]
            if rule.endpoint == "statuses.list_by_ids":
                ids = [str(mark.number) for mark in self.scene.statuses]
                found += [
                    (str(httpx.URL(path, params={"id[]": ids[at : at + 20]})), None) for at in range(0, len(ids), 20)
                ]
            if (name := BY_ADDRESS.get(rule.endpoint)) is not None:
                found += [(str(httpx.URL(path, params={name: address, "resolve": "true"})), mark)
                          for mark in self._marks_for(rule, viewer) for address in self._addresses(mark)]  # fmt: skip
        return found

    def _marks_for(self, rule: Rule, viewer: Viewer) -> list[Mark]:
        """What a route is asked of: where a status stands, all; elsewhere one visibility of each ring in turn."""
        if rule.endpoint in WHOLE:
            return self.scene.statuses if viewer.name in ("rival", "carl") else self.scene.roots
        turn = sum(rule.endpoint.encode()) + sum(viewer.name.encode())
        wanted = {ring: VISIBILITIES[(turn + place) % len(VISIBILITIES)] for place, ring in enumerate(INSIDE)}
        return [mark for mark in self.scene.roots if self.only or wanted[mark.ring] == mark.visibility]

    def _addresses(self, mark: Mark) -> list[str]:
        return [mark.uri, str(self.scene.posted[str(mark.number)]["url"])]

    def _combinations(self, names: Sequence[str]) -> list[dict[str, str]]:
        found: list[dict[str, str]] = [{}]
        for name in names:
            found = [{**one, name: value} for one in found for value in self._values(name)]
        return found

    def _values(self, name: str) -> list[str]:
        scene = self.scene
        known: dict[str, list[str]] = {
            "username": ["anna", "bert"],
            "account_id": [scene.people["anna"].id, scene.people["bert"].id],
            "hashtag": ["leak"],
            "name": ["leak"],
            "domain": [scene.peers["acme"].domain],
            "reach": ["organisation", "partners"],
            "wanted": ["2.1"],
            "year": [str(scene.working.server.clock().year)],
            "quote_id": [str(number) for number in scene.quotes],
            "poll_id": [entity["poll"]["id"] for entity in scene.posted.values() if entity["poll"]],
        }
        # Of whatever else has a number, somebody guesses that of a status.
        return known.get(name) or [scene.objects.get(name, str(scene.roots[0].number))]

    @staticmethod
    def _fill(rule: Rule, values: Mapping[str, str]) -> str:
        return _PLACE.sub(lambda place: values[place[1]], rule.rule)

    async def _ask(
        self,
        rule: Rule,
        viewer: Viewer,
        fetch: Callable[[Viewer, str], Awaitable[httpx.Response]],
        path: str,
        about: Mark | None,
    ) -> None:
        async with self._gate:
            async for answer in self._pages(viewer, path, fetch):
                self.requests += 1
                assert answer.status_code < 500, (path, answer.text)
                self.scene.ledger.note(rule.endpoint, viewer, _told(answer), path, about=[about] if about else ())
                if about is not None:
                    self.answered[rule.endpoint, viewer.name, about] = answer.status_code

    async def _pages(
        self, viewer: Viewer, path: str, fetch: Callable[[Viewer, str], Awaitable[httpx.Response]]
    ) -> AsyncIterator[httpx.Response]:
        """An answer, and what it says comes after it."""
        asked: set[str] = set()
        following: str | None = path
        while following is not None and following not in asked and len(asked) < PAGES_MAX:
            asked.add(following)
            answer = await fetch(viewer, following)
            yield answer
            following = _following(answer)

    async def _as_person(self, viewer: Viewer, path: str) -> httpx.Response:
        api, browser = self._clients[viewer.name]
        client = api if "/api/" in path else browser
        kind = ACTIVITY_JSON if "/users/" in path else "*/*"
        return await client.get(path, headers={"Accept": kind})

    async def _as_server(self, viewer: Viewer, path: str) -> httpx.Response:
        peer, name = self.scene.peer_of(viewer.name)
        server = self.scene.working.server
        url = path if path.startswith("http") else f"{server.url}{path}"
        return await server.anonymous.get(url, headers=peer.sign_get(url, by=name, key_name="fred"))

    async def _sign_in(self, viewer: Viewer) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
        server = self.scene.working.server
        if viewer.standing == "nobody":
            return server.anonymous, server.anonymous
        browser = await server.browser()
        await browser.sign_in(viewer.name)
        return self.scene.people[viewer.name].api, browser.http


def _may_ask(viewer: Viewer, rule: Rule) -> bool:
    """Whether a route is for somebody like them: for servers, for whoever moderates, for clients, for browsers.

    Pages are the same for all servers, and whoever has neither followers nor a name in anything is asked about less.
    """
    path = rule.rule
    is_admin, is_whole = "/admin/" in path, rule.endpoint in WHOLE
    is_of_statuses = is_whole or rule.endpoint.partition(".")[0] in _OF_STATUSES
    is_listed = rule.endpoint in ("objects.get_note", "collections.get_outbox", "collections.get_featured")
    asked = {
        "nobody": True,
        "mona": is_admin or is_whole,
        "bert": is_of_statuses,
        "carl": not path.startswith("/users/"),
        "dora": (path.startswith("/api/") and not is_admin) or path.startswith("/@"),
        "cousin": is_listed,
        "agency": is_listed,
        "enemy": is_listed,
        "fan": path.startswith(_BETWEEN_SERVERS),
    }
    return asked.get(viewer.name, path.startswith(_BETWEEN_SERVERS) and not path.startswith("/@"))


def _told(answer: httpx.Response) -> str:
    """All that an answer says, of its headers what may name something; who is to sign in is told what they asked."""
    location = answer.headers.get("Location", "")
    if answer.is_redirect and "/auth/sign_in" in location:
        return ""
    return "\n".join((answer.text, answer.headers.get("Link", ""), location))


def _following(answer: httpx.Response) -> str | None:
    if "next" in answer.links:
        return str(answer.links["next"]["url"])
    if not answer.headers.get("Content-Type", "").startswith("application/activity+json"):
        return None
    document: dict[str, Any] = json.loads(answer.text)
    following = document.get("next") or document.get("first")
    return following if isinstance(following, str) else None


async def try_writing(scene: Scene) -> None:
    """Members act on what they may not see: they are told of nothing but that there is no such status."""
    viewers = [viewer for viewer in MEMBERS if viewer.name in ("nobody", "carl", "dora")]
    for turn, rule in enumerate(rules_of(scene.working.server.node)):
        if rule.endpoint not in WRITING:
            continue
        method = next(iter((rule.methods or set()) - {"OPTIONS"}))
        for viewer in viewers:
            client = scene.people[viewer.name].api if viewer.name in scene.people else scene.working.server.anonymous
            hidden = [mark for mark in scene.roots if not may_learn(viewer, mark)]
            for mark in (hidden[turn % len(hidden)], hidden[(turn + 3) % len(hidden)]):
                for path, form in _forms(scene, rule, mark):
                    answer = await client.request(method, path, json=form)
                    assert answer.is_client_error, (method, path, answer.text)
                    scene.ledger.note(rule.endpoint, viewer, answer.text, path, about=[mark])


def _forms(scene: Scene, rule: Rule, mark: Mark) -> list[tuple[str, dict[str, Any]]]:
    """How somebody speaks of a status whose number they guessed."""
    number = str(mark.number)
    values = {
        "status_id": number,
        "quoting_status_id": number,
        "poll_id": (scene.posted[number]["poll"] or {"id": number})["id"],
        "conversation_id": scene.objects["conversation_id"],
        "scheduled_id": scene.objects["scheduled_id"],
    }
    path = _PLACE.sub(lambda place: values[place[1]], rule.rule)
    match rule.endpoint:
        case "statuses.post":
            return [
                (path, {"status": "x", "in_reply_to_id": number}),
                (path, {"status": "x", "quoted_status_id": number}),
            ]
        case "reports.file_report":
            form = {
                "account_id": scene.people["anna"].id,
                "status_ids": [number],
                "rule_ids": ["0"],
                "category": "violation",
            }
            return [(path, form)]
        case _:
            return [(path, {"status": "x", "choices": [0], "quote_approval_policy": "public"})]
