"""Somebody to whom everything happens that a notification tells of."""

from typing import Any, Final

from tests.contract.people import Person
from tests.contract.scene import Scene

# What a person can be told within a minute: a poll takes longer to end.
KINDS: Final = frozenset(
    {
        "status",
        "mention",
        "reblog",
        "favourite",
        "follow",
        "follow_request",
        "update",
        "quote",
        "quoted_update",
        "added_to_collection",
        "collection_update",
        "severed_relationships",
        "moderation_warning",
    }
)


async def told_of_everything(scene: Scene) -> Person:
    """A person with a notification of each of ``KINDS``."""
    person, friend, stranger = await scene.people(3)
    await _of_statuses(scene, person, friend)
    await _of_people(scene, person, friend, stranger)
    await scene.settle()
    return person


async def _of_statuses(scene: Scene, person: Person, friend: Person) -> None:
    await person.follow(friend, notify=True)
    theirs = await friend.status("Watch me", quote_approval_policy="public")
    await person.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    await person.status("As they say", quoted_status_id=theirs["id"])
    mine = await person.status("Quote me", quote_approval_policy="public")
    await friend.status("Look", quoted_status_id=mine["id"])
    await friend.reply(mine, "Well said")
    for action in ("favourite", "reblog"):
        await friend.post(f"/api/v1/statuses/{mine['id']}/{action}")
    await scene.settle()
    await friend.put(f"/api/v1/statuses/{theirs['id']}", status="Watched me")


async def _of_people(scene: Scene, person: Person, friend: Person, stranger: Person) -> None:
    await friend.follow(person)
    await person.patch("/api/v1/accounts/update_credentials", locked=True, discoverable=True)
    await stranger.follow(person)
    made = (await friend.post("/api/v1/collections", name="Friends", account_ids=[person.id]))["collection"]
    await friend.patch(f"/api/v1/collections/{made['id']}", name="Good friends")
    await scene.admin.post(f"/api/v1/admin/accounts/{person.id}/action", type="none", text="Be kind")
    rita: Any = await person.find(scene.rita)
    await person.post(f"/api/v1/accounts/{rita['id']}/follow")
    await scene.settle()
    await person.post("/api/v1/domain_blocks", domain=scene.elsewhere.domain)
