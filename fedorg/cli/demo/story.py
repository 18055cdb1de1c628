"""What happens in the demo: each step is made through one node's API and read through another's."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

import httpx

from fedorg.cli.demo.administrators import Administrators
from fedorg.cli.demo.client import ClientFailed, Member, wait_for
from fedorg.cli.demo.nodes import DemoNode
from fedorg.cli.printing import console
from fedorg.domain.partnerships import PartnershipState

_LINE: Final = "{step:>2}  {sender:<24} → {receiver:<24} {signature:<10} {milliseconds:>6.0f} ms  {result}"


_REVOKED_SECONDS_MAX: Final = 2.0


class StepFailed(Exception):
    """A step did not have its effect on the other node; the message names the step."""


class Party(Protocol):
    """Somebody of a node who does something, or sees what comes of it."""

    @property
    def node(self) -> DemoNode:
        """The node."""
        ...

    @property
    def username(self) -> str:
        """Who, in a line."""
        ...

    @property
    def handle(self) -> str:
        """Who, in a sentence."""
        ...


async def tell(members: Mapping[str, Member], in_charge: Mapping[str, Administrators]) -> int:
    """Run the whole story, a printed line for each step; how many steps there were. Raises ``StepFailed``.

    ``in_charge`` names the administrators of engineering and of acme.
    """
    console.print("Mode [bold]partners[/], default reach [bold]organisation[/]: engineering and sales are siblings.\n")
    story = _Story(members, in_charge)
    chapters = (story.agreement, story.follows, story.conversation, story.reach, story.farewell, story.revocation)
    for chapter in chapters:
        await chapter()
    return story.number


class _Story:
    """The steps in order, and what later steps need to know of earlier ones."""

    def __init__(self, members: Mapping[str, Member], in_charge: Mapping[str, Administrators]) -> None:
        self.engineering, self.acme = in_charge["engineering"], in_charge["acme"]
        self.anna, self.emil = members["anna"], members["emil"]
        self.bela, self.carla = members["bela"], members["carla"]
        self.number = 0
        self.first: dict[str, Any] = {}
        self.first_at = 0.0
        self.first_at_bela = ""

    async def agreement(self) -> None:
        """The partner is invited, accepts, and both sides approve what they have compared."""
        ours, theirs = self.engineering, self.acme
        for name, doer, other, activity, act, seen in (
            ("invitation", ours, theirs, "Offer", ours.invite, partial(theirs.sees, ours, PartnershipState.OFFERED)),
            (
                "acceptance",
                theirs,
                ours,
                "Accept",
                theirs.accept,
                partial(ours.sees, theirs, PartnershipState.ACCEPTED),
            ),
            ("approval", ours, theirs, "Update", ours.approve, partial(theirs.sees_approval, ours)),
            ("approval", theirs, ours, "Update", theirs.approve, partial(ours.sees, theirs, PartnershipState.ACTIVE)),
        ):
            await self._step(name, doer, other, activity, partial(act, other), seen)

    async def follows(self) -> None:
        """People follow each other across nodes."""
        for follower, followed in (
            (self.bela, self.anna),
            (self.anna, self.bela),
            (self.carla, self.anna),
            (self.anna, self.carla),
            (self.emil, self.bela),
        ):
            await self._follow(follower, followed)

    async def conversation(self) -> None:
        """A status, a reply, a favourite and a reblog travel between two departments."""
        text = "Minutes of the design review are out. Who has seen the new bearing?"

        async def post() -> None:
            self.first_at = time.monotonic()
            self.first = await self.anna.post("/api/v1/statuses", status=text, reach="partners")

        await self._step("status", self.anna, self.bela, "Create", post, lambda: self._in_home(self.bela, text))
        self.first_at_bela = await self._id_at(self.bela, self.first["uri"])
        reply = f"{self.anna.handle} I have, the customer loves it."
        await self._step(
            "reply",
            self.bela,
            self.anna,
            "Create",
            lambda: self.bela.post("/api/v1/statuses", status=reply, in_reply_to_id=self.first_at_bela),
            lambda: self._descendant(self.anna, self.first["id"], "the customer loves it"),
        )
        await self._step(
            "favourite",
            self.bela,
            self.anna,
            "Like",
            lambda: self.bela.post(f"/api/v1/statuses/{self.first_at_bela}/favourite"),
            lambda: self._count(self.anna, self.first["id"], "favourites_count", 1),
        )
        await self._step(
            "reblog",
            self.bela,
            self.anna,
            "Announce",
            lambda: self.bela.post(f"/api/v1/statuses/{self.first_at_bela}/reblog"),
            lambda: self._count(self.anna, self.first["id"], "reblogs_count", 1),
        )

    async def reach(self) -> None:
        """A partner reads what is for partners, and never sees what is for the organisation."""
        text = "Minutes of the design review are out."
        await self._step(
            "status at the partner",
            self.anna,
            self.carla,
            "Create",
            _nothing,
            lambda: self._in_home(self.carla, text),
            since=self.first_at,
        )
        internal = "Only for us: the offer to Acme goes out on Friday."
        secret: dict[str, Any] = {}

        async def post() -> None:
            secret.update(await self.anna.post("/api/v1/statuses", status=internal, reach="organisation"))

        await self._step(
            "status for the organisation",
            self.anna,
            self.bela,
            "Create",
            post,
            lambda: self._in_home(self.bela, internal),
        )
        # What comes after it on the same way has arrived, so that the secret would have, too.
        later = "The canteen has soup today."
        await self._step(
            "later status for partners",
            self.anna,
            self.carla,
            "Create",
            lambda: self.anna.post("/api/v1/statuses", status=later, reach="partners"),
            lambda: self._in_home(self.carla, later),
        )
        for door in await self._doors_that_show(secret, internal):
            raise StepFailed(f"step {self.number}: a status for the organisation has leaked to acme: {door}")
        console.print("    No door shows acme what is for the organisation: home, search, the address, the page.")

    async def farewell(self) -> None:
        """Direct words to one person, an edit and a deletion reach those who had the status."""
        await self._step(
            "direct message",
            self.carla,
            self.anna,
            "Create",
            lambda: self.carla.post(
                "/api/v1/statuses", status=f"{self.anna.handle} may I quote that?", visibility="direct"
            ),
            lambda: self._notified(self.anna, "mention", "may I quote that?"),
        )
        await self._step(
            "edit",
            self.anna,
            self.bela,
            "Update",
            lambda: self._edit(self.first["id"], "Minutes of the design review are out, with pictures."),
            lambda: self._in_home(self.bela, "with pictures"),
        )
        await self._step(
            "deletion",
            self.anna,
            self.bela,
            "Delete",
            lambda: self._delete(self.first["id"]),
            lambda: self._gone(self.bela, self.first_at_bela),
        )

    async def revocation(self) -> None:
        """The partnership ends: at once nothing passes any more, and what was for partners is gone over there."""
        text = "Drawings of the bridge, for our partners."
        await self._step(
            "status before the end",
            self.anna,
            self.carla,
            "Create",
            lambda: self.anna.post("/api/v1/statuses", status=text, reach="partners"),
            lambda: self._in_home(self.carla, text),
        )

        async def is_over() -> str | None:
            if await self.acme.sees(self.engineering, PartnershipState.REVOKED) is None:
                return None
            if await self._in_home(self.carla, text) is not None:
                return None
            own = await self.anna.get("/api/v1/accounts/verify_credentials")
            followers = await self.anna.get(f"/api/v1/accounts/{own['id']}/followers")
            is_left = self.carla.node.domain in " ".join(account["acct"] for account in followers)
            return None if is_left else "the partnership is revoked, the drawings are gone, nobody follows any more"

        started = time.monotonic()
        await self._step(
            "revocation", self.engineering, self.acme, "Undo", lambda: self.engineering.revoke(self.acme), is_over
        )
        seconds = time.monotonic() - started
        if seconds > _REVOKED_SECONDS_MAX:
            raise StepFailed(f"step {self.number} (revocation) took {seconds:.1f} s")

    async def _doors_that_show(self, status: Mapping[str, Any], words: str) -> list[str]:
        """By which doors the partner, or anybody, gets what is for the organisation."""
        shown = ["home"] if await self._in_home(self.carla, words) is not None else []
        for query in (status["uri"], status["url"], words):
            found = await self.carla.get("/api/v2/search", q=query, type="statuses", resolve="true")
            shown += [f"search for {query}"] if found["statuses"] else []
        async with httpx.AsyncClient() as stranger:
            for address, kind in ((status["uri"], "application/activity+json"), (status["url"], "text/html")):
                answer = await stranger.get(address, headers={"Accept": kind})
                shown += [address] if answer.is_success or words in answer.text else []
        return shown

    async def _follow(self, follower: Member, followed: Member) -> None:
        target = await follower.find(followed)

        async def accepted() -> str | None:
            (relationship,) = await follower.get("/api/v1/accounts/relationships", **{"id[]": target})
            if not relationship["following"]:
                return None
            back = await followed.get("/api/v1/notifications", **{"types[]": "follow"})
            names = [notification["account"]["acct"] for notification in back]
            return f"{followed.username} was notified: followed by {names[0]}" if names else None

        await self._step(
            "follow", follower, followed, "Follow", lambda: follower.post(f"/api/v1/accounts/{target}/follow"), accepted
        )

    async def _step(
        self,
        name: str,
        sender: Party,
        receiver: Party,
        activity: str,
        act: Callable[[], Awaitable[object]],
        seen: Callable[[], Awaitable[str | None]],
        *,
        since: float | None = None,
    ) -> None:
        """Do it, wait for its effect, print the line; ``since`` is when it was done, if an earlier step did it."""
        self.number += 1
        started = since or time.monotonic()
        try:
            await act()
            result, _ = await wait_for(seen, f"the {name}")
            milliseconds = (time.monotonic() - started) * 1000
            scheme = await _verified_scheme(receiver.node, activity, sender.node.domain)
        except ClientFailed as problem:
            raise StepFailed(
                f"step {self.number} ({name}, {sender.handle} to {receiver.handle}): {problem}"
            ) from problem
        console.print(
            _LINE.format(
                step=self.number,
                sender=f"{sender.username}@{sender.node.name}",
                receiver=f"{receiver.username}@{receiver.node.name}",
                signature=scheme,
                milliseconds=milliseconds,
                result=result,
            ),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    async def _in_home(self, member: Member, words: str) -> str | None:
        for status in await member.get("/api/v1/timelines/home"):
            shown = status["reblog"] or status
            if words in shown["content"]:
                return f"home shows {shown['content']} by {shown['account']['acct']}, reach {shown['reach']}"
        return None

    async def _id_at(self, member: Member, uri: str) -> str:
        for status in await member.get("/api/v1/timelines/home"):
            if status["uri"] == uri:
                return str(status["id"])
        raise StepFailed(f"{uri} is not in the home timeline of {member.handle}")

    async def _descendant(self, member: Member, status_id: str, words: str) -> str | None:
        context = await member.get(f"/api/v1/statuses/{status_id}/context")
        for status in context["descendants"]:
            if words in status["content"]:
                return f"the thread shows the reply of {status['account']['acct']}, reach {status['reach']}"
        return None

    async def _count(self, member: Member, status_id: str, name: str, least: int) -> str | None:
        status = await member.get(f"/api/v1/statuses/{status_id}")
        return f"{name} is {status[name]}" if status[name] >= least else None

    async def _notified(self, member: Member, kind: str, words: str) -> str | None:
        for notification in await member.get("/api/v1/notifications", **{"types[]": kind}):
            if words in notification["status"]["content"]:
                return (
                    f"notification: {kind} by {notification['account']['acct']}, {notification['status']['visibility']}"
                )
        return None

    async def _edit(self, status_id: str, text: str) -> None:
        response = await self.anna.http.put(f"/api/v1/statuses/{status_id}", data={"status": text})
        if not response.is_success:
            raise ClientFailed(f"the edit was answered with {response.status_code}")

    async def _delete(self, status_id: str) -> None:
        response = await self.anna.http.delete(f"/api/v1/statuses/{status_id}")
        if not response.is_success:
            raise ClientFailed(f"the deletion was answered with {response.status_code}")

    async def _gone(self, member: Member, status_id: str) -> str | None:
        response = await member.http.get(f"/api/v1/statuses/{status_id}")
        return "the status answers 404" if response.status_code == 404 else None  # noqa: PLR2004 - Not Found


async def _nothing() -> None:
    """An earlier step has done it."""


async def _verified_scheme(node: DemoNode, activity: str, peer: str) -> str:
    """The signature kind of the newest activity of this type from a peer that the node says it verified.

    Its effect can be seen a moment before the node has written the line.
    """

    async def told() -> str | None:
        for line in reversed(node.log_lines()):
            if line.get("event") == "activity.handled" and line.get("type") == activity and line.get("peer") == peer:
                return str(line["scheme"])
        return None

    scheme, _ = await wait_for(told, f"word that {node.name} verified the signature of an {activity}")
    return scheme
