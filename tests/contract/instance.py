"""The node itself. Spec: Mastodon API, methods/instance, health, custom_emojis, directory, oembed and announcements."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.contract import document
from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.people import Person, is_missing
from tests.contract.scene import Scene
from tests.node.talking import picture

section: Final = Section("instance")
health: Final = Section("health")
custom_emojis: Final = Section("custom_emojis")
directory: Final = Section("directory")
oembed: Final = Section("oembed")
announcements: Final = Section("announcements")


@section("GET /api/v2/instance", access=Access.PUBLIC)
async def instance(op: Operation, scene: Scene) -> None:
    """What clients need to know: limits that are kept, addresses that answer."""
    found = await op.call(scene.nobody)
    shows(found, domain=scene.node.domain, title="here")
    await _claims(scene, found["api_versions"]["mastodon"])
    assert found["registrations"]["enabled"] is True, found["registrations"]
    limit = found["configuration"]["statuses"]["max_characters"]
    longest = await scene.alice.status("x" * limit)
    assert longest["id"]
    refused = await scene.alice.http.post("/api/v1/statuses", json={"status": "x" * (limit + 1)})
    assert refused.status_code == 422, f"the limit of {limit} characters is not kept"
    assert found["configuration"]["urls"]["streaming"].startswith("ws"), found["configuration"]["urls"]
    assert "image/png" in found["configuration"]["media_attachments"]["supported_mime_types"]
    assert found["wrapstodon"] is None, "the year is told in December"
    (winter,) = await scene.in_december(1)
    assert (await op.call(winter))["wrapstodon"] == str(datetime.now(UTC).year)


# What each version of the API brought, as far as it can be seen.
_BROUGHT: Final = {
    2: ("/api/v2/notifications", "/api/v2/notifications/policy"),
    7: ("/api/v1/statuses/1/quotes",),
    8: ("/api/v1/profile", "/api/v1/annual_reports/2025/state"),
    10: ("/api/v1/accounts/1/collections",),
}


async def _claims(scene: Scene, version: int) -> None:
    """The node claims the version of the API that it offers, neither more nor less."""
    offered = 1
    for brought, paths in _BROUGHT.items():
        if any([is_missing(await scene.nobody.get(path)) for path in paths]):
            break
        offered = brought
    beyond = min((brought for brought in _BROUGHT if brought > offered), default=version + 1)
    assert offered <= version < beyond, f"claims version {version}, and offers {offered}"


@section("GET /api/v1/instance", access=Access.PUBLIC)
async def instance_v1(op: Operation, scene: Scene) -> None:
    """The same for older clients."""
    found = await op.call(scene.nobody)
    shows(found, uri=scene.node.domain, title="here", registrations=True, approval_required=False)
    assert found["stats"]["user_count"] >= 4, found["stats"]


@section("GET /api/v1/instance/activity", access=Access.PUBLIC)
async def activity(op: Operation, scene: Scene) -> None:
    """Twelve weeks in numbers, this week first, as texts."""
    before = await op.call(scene.nobody)
    await scene.alice.status("Counted")
    after = await op.call(scene.nobody)
    assert len(after) == 12, after
    assert int(after[0]["statuses"]) >= int(before[0]["statuses"]), after[0]
    assert int(after[0]["week"]) > int(after[1]["week"]), after[:2]
    assert int(after[0]["registrations"]) >= 4, after[0]


@section("GET /api/v1/instance/peers", access=Access.PUBLIC)
async def peers(op: Operation, scene: Scene) -> None:
    """Servers this node knows."""
    await scene.alice.find(scene.rita)
    assert scene.elsewhere.domain in await op.call(scene.nobody)


@section("GET /api/v1/instance/rules", access=Access.PUBLIC)
async def rules(op: Operation, scene: Scene) -> None:
    """The rules an administrator wrote."""
    await scene.command("rule", "add", "Be kind", "--hint", "Always")
    found = await op.call(scene.nobody)
    assert [(one["text"], one["hint"]) for one in found] == [("Be kind", "Always")], found
    assert (await scene.nobody.get("/api/v2/instance")).json()["rules"] == found


@section("GET /api/v1/instance/domain_blocks", access=Access.OPEN)
async def domain_blocks(op: Operation, scene: Scene) -> None:
    """Which servers this node blocks, if it tells."""
    await scene.command("peer", "tier", "blocked.example", "blocked")
    found = await op.call(scene.alice)
    assert "blocked.example" in {one["domain"] for one in found}, found
    (one,) = [one for one in found if one["domain"] == "blocked.example"]
    shows(one, severity="suspend")
    assert len(one["digest"]) == 64, one


@section("GET /api/v1/instance/extended_description", access=Access.PUBLIC)
async def extended_description(op: Operation, scene: Scene) -> None:
    """The long description."""
    assert isinstance((await op.call(scene.nobody))["content"], str)


def _written(scene: Scene, name: str, words: str) -> Path:
    path = Path(scene.node.folder) / f"{name}.md"
    path.write_text(f"{words}\n", encoding="utf-8")
    return path


async def _text(op: Operation, scene: Scene, name: str, *words: str) -> Any:  # noqa: ANN401 - JSON
    await scene.command("text", "set", name, str(_written(scene, name, "# Ours\n\nWe keep little.")), *words)
    found = await op.call(scene.nobody)
    assert "We keep little." in found["content"], found
    return found


@section("GET /api/v1/instance/privacy_policy", access=Access.PUBLIC)
async def privacy_policy(op: Operation, scene: Scene) -> None:
    """The privacy policy an administrator wrote."""
    await _text(op, scene, "privacy-policy")


@section("GET /api/v1/instance/terms_of_service", access=Access.PUBLIC)
async def terms_of_service(op: Operation, scene: Scene) -> None:
    """The terms that hold today."""
    found = await _text(op, scene, "terms-of-service")
    shows(found, effective=True, succeeded_by=None)


@section("GET /api/v1/instance/terms_of_service/{date}", access=Access.PUBLIC)
async def terms_of_a_day(op: Operation, scene: Scene) -> None:
    """Terms by the day from which they hold; those that hold now say when they end."""
    await scene.command("text", "set", "terms-of-service", str(_written(scene, "now", "Now.")))
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    later = _written(scene, "later", "Later we keep less.")
    await scene.command("text", "set", "terms-of-service", str(later), "--effective", day)
    found = await op.call(scene.nobody, date=day)
    shows(found, effective_date=day, effective=False)
    assert "Later we keep less." in found["content"], found
    now = (await scene.nobody.get("/api/v1/instance/terms_of_service")).json()
    assert document.entity_faults(now, "TermsOfService") == [], now
    shows(now, effective=True, succeeded_by=day)
    await op.refuse(404, scene.nobody, "Record not found", date="1999-01-01")


@section("GET /api/v1/instance/translation_languages", access=Access.PUBLIC)
async def translation_languages(op: Operation, scene: Scene) -> None:
    """From what into what this node translates; the instance says whether it does."""
    found = await op.call(scene.nobody)
    instance = (await scene.nobody.get("/api/v2/instance")).json()
    assert bool(found) == instance["configuration"]["translation"]["enabled"], found


@health("GET /health", access=Access.PUBLIC)
async def is_healthy(op: Operation, scene: Scene) -> None:
    """The node is up."""
    assert await op.call(scene.nobody) == {"status": "UP"}


@custom_emojis("GET /api/v1/custom_emojis", access=Access.PUBLIC)
async def list_emojis(op: Operation, scene: Scene) -> None:
    """The node's own emoji, which show in statuses and profiles."""
    path = Path(scene.node.folder) / "party.png"
    path.write_bytes(picture(size=(32, 32)))
    await scene.command("emoji", "add", "party", str(path), "--category", "Feasts")
    found = await op.call(scene.nobody)
    (emoji,) = [one for one in found if one["shortcode"] == "party"]
    shows(emoji, visible_in_picker=True, category="Feasts")
    assert (await scene.nobody.get(emoji["url"])).is_success, emoji
    status = await scene.alice.status("A :party: today")
    assert [one["shortcode"] for one in status["emojis"]] == ["party"], status["emojis"]


@directory("GET /api/v1/directory", "read:accounts", access=Access.OPEN)
async def profiles(op: Operation, scene: Scene) -> None:
    """People who want to be found, those of here first on demand, the newest or the most active."""
    shown, hidden = await scene.people(2)
    await shown.patch("/api/v1/accounts/update_credentials", discoverable=True)
    await hidden.patch("/api/v1/accounts/update_credentials", discoverable=False)
    for person in (shown, hidden):
        await person.status("Active")
    for params in ({}, {"order": "new"}, {"local": "true", "order": "active"}):
        found = ids(await op.call(scene.nobody, params=params))
        assert shown.id in found, f"{params}: {found}"
        assert hidden.id not in found, f"{params}: {found}"
    assert len(await op.call(scene.bob, params={"limit": 1})) == 1
    first = ids(await op.call(scene.bob, params={"local": "true", "limit": 1}))
    assert first != ids(await op.call(scene.bob, params={"local": "true", "limit": 1, "offset": 1}))


@oembed("GET /api/oembed", access=Access.PUBLIC)
async def embed(op: Operation, scene: Scene) -> None:
    """How other pages show a public status of this node."""
    status = await scene.alice.status("Embed me")
    found = await op.call(scene.nobody, params={"url": status["url"], "maxwidth": 300})
    shows(found, type="rich", version="1.0", width=300)
    assert found["provider_url"].rstrip("/") == scene.node.url, found["provider_url"]
    assert "<iframe" in found["html"] or "<blockquote" in found["html"], found["html"]
    hidden = await scene.alice.status("Not me", visibility="private")
    await op.refuse(404, scene.nobody, params={"url": hidden["url"]})
    await op.refuse(404, scene.nobody, params={"url": "https://elsewhere.example/1"})


async def _announced(scene: Scene, text: str) -> tuple[Person, Any]:
    """Somebody who reads, and an announcement with this text."""
    person = await scene.person()
    await scene.command("announcement", "add", text)
    found = await person.get("/api/v1/announcements")
    (announcement,) = [one for one in found if text in one["content"]]
    return person, announcement


@announcements("GET /api/v1/announcements", access=Access.ANY_TOKEN)
async def announced(op: Operation, scene: Scene) -> None:
    """What the administrators announce, unread at first."""
    person, made = await _announced(scene, "Closed on Monday")
    (found,) = [one for one in await op.call(person) if one["id"] == made["id"]]
    shows(found, read=False, reactions=[])
    await person.put(f"/api/v1/announcements/{made['id']}/reactions/🎉")
    days = ("--starts", "2026-01-01", "--ends", "2099-01-01", "--all-day")
    await scene.command("announcement", "add", "A feast for @alice, #feasts", *days)
    (feast,) = [one for one in await op.call(person) if "feast" in one["content"]]
    shows(feast, all_day=True)
    assert (feast["starts_at"], feast["ends_at"]) != (None, None), feast
    assert [one["acct"] for one in feast["mentions"]] == ["alice"], feast["mentions"]
    assert [one["name"] for one in feast["tags"]] == ["feasts"], feast["tags"]


@announcements("POST /api/v1/announcements/{id}/dismiss", "write:accounts")
async def dismiss_announcement(op: Operation, scene: Scene) -> None:
    """One has read it; others have not."""
    person, made = await _announced(scene, "Open on Tuesday")
    assert await op.call(person, id=made["id"]) == {}
    assert made["id"] not in ids(await person.get("/api/v1/announcements"))
    everything = await person.get("/api/v1/announcements", with_dismissed="true")
    (mine,) = [one for one in everything if one["id"] == made["id"]]
    (theirs,) = [one for one in await scene.bob.get("/api/v1/announcements") if one["id"] == made["id"]]
    assert (mine["read"], theirs["read"]) == (True, False)


@announcements("PUT /api/v1/announcements/{id}/reactions/{name}", "write:favourites")
async def react(op: Operation, scene: Scene) -> None:
    """React by an emoji; everybody sees how many did."""
    person, made = await _announced(scene, "Cake on Wednesday")
    assert await op.call(person, id=made["id"], name="🎉") == {}
    assert await op.call(person, id=made["id"], name="🎉") == {}
    (seen,) = [one for one in await scene.bob.get("/api/v1/announcements") if one["id"] == made["id"]]
    shows(seen["reactions"][0], name="🎉", count=1, me=False)
    await op.refuse(422, person, "Validation failed", id=made["id"], name="notanemoji")


@announcements("DELETE /api/v1/announcements/{id}/reactions/{name}", "write:favourites")
async def unreact(op: Operation, scene: Scene) -> None:
    """Take a reaction back."""
    person, made = await _announced(scene, "Tea on Thursday")
    await person.put(f"/api/v1/announcements/{made['id']}/reactions/🎉")
    assert await op.call(person, id=made["id"], name="🎉") == {}
    (seen,) = [one for one in await person.get("/api/v1/announcements") if one["id"] == made["id"]]
    assert seen["reactions"] == [], seen
