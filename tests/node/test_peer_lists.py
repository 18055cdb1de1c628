"""Lists of blocked and allowed servers go from node to node, and to Mastodon and back, and lose nothing on the way."""

import json
from pathlib import Path
from typing import Final

import pytest

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.domain_blocks import Severity
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.peer_lists import Fault, ListKind
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services import auditing, peer_lists, peers
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import DomainBlockDraft
from tests.databases import SqliteFiles
from tests.fediverse.nodes import RunningNode
from tests.node.world import MakeWorld

HEAD: Final = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
BLOCKS: Final = (
    HEAD
    + "bad.example,suspend,false,false,Spam,false\n"
    + 'loud.example,silence,true,true,"Ads, all\nday",true\n'
    + "noop.example,noop,true,false,,false\n"
)
PARTNERS: Final = {"federation_mode": "partners", "default_reach": "partners"}

LIMITED: Final = {"FEDORG_FEDERATION_MODE": "partners", "FEDORG_DEFAULT_REACH": "partners"}


async def take(
    node: Node, content: str, kind: ListKind | None = None, *, is_dry: bool = False, overwrites: bool = False
) -> list[tuple[str, str, str]]:
    """What became of each line: domain, ending, and why nothing did."""
    listed = peer_lists.read_list(content.encode(), kind)
    results = await peer_lists.import_list(node, listed, is_dry=is_dry, overwrites=overwrites)
    return [(one.domain, one.ending.value, one.reason) for one in results]


async def endings(node: Node, content: str, kind: ListKind | None = None, **how: bool) -> list[str]:
    """The same, without the reasons."""
    return [ending for _, ending, _ in await take(node, content, kind, **how)]


async def everything(node: Node) -> str:
    """All that was decided about servers."""
    return await peer_lists.export_json(node, frozenset(ListKind))


async def test_a_list_of_mastodon_comes_in_and_goes_out_as_it_was(make_world: MakeWorld) -> None:
    """Twice is once, a dry run does nothing, and what comes out is what went in."""
    node = (await make_world(**PARTNERS)).node

    assert await endings(node, BLOCKS, is_dry=True) == ["added"] * 3
    assert await domain_blocks.list_blocks(node, PageQuery(limit=9)) == []
    assert await endings(node, BLOCKS) == ["added"] * 3
    assert await endings(node, "\ufeff" + BLOCKS.replace("\n", "\r\n").replace("all\r\n", "all\n")) == ["unchanged"] * 3
    assert await peer_lists.export_csv(node, ListKind.BLOCKS) == BLOCKS

    allows = "#domain\nacme.example\nold.example\n"
    assert await endings(node, allows, ListKind.ALLOWS) == ["added"] * 2
    assert await endings(node, "acme.example\nold.example", ListKind.ALLOWS) == ["unchanged"] * 2
    assert await peer_lists.export_csv(node, ListKind.ALLOWS) == allows
    (line, *_) = await auditing.list_lines(node, action="peer.list_imported")
    assert line.details == {"added": "0", "changed": "0", "unchanged": "2", "skipped": "0", "faulty": "0"}


async def test_json_carries_everything_to_another_node(make_world: MakeWorld) -> None:
    """Tiers, ceilings and private comments arrive, and the other node writes the same file."""
    node = (await make_world(**PARTNERS)).node
    await take(node, BLOCKS)
    for name, tier in (("acme.example", Tier.PARTNER), ("lab.example", Tier.SIBLING), ("free.example", Tier.OPEN)):
        await peers.set_tier(node, name, tier)
    for name in ("acme.example", "free.example"):
        await peers.change_ceilings(node, name, GrantChange(media=False))
    (noop, *_) = await domain_blocks.list_blocks(node, PageQuery(limit=1))
    await domain_blocks.change(node, None, noop.id, DomainBlockDraft(private_comment="See ticket 7"))
    written = await everything(node)
    told = json.loads(written)
    assert {one["domain"]: one["tier"] for one in told["allows"]} == {
        "acme.example": "partner",
        "free.example": "open",
        "lab.example": "sibling",
    }

    for block in await domain_blocks.list_blocks(node, PageQuery(limit=9)):
        await domain_blocks.lift(node, None, block.id)
    for name in ("acme.example", "lab.example"):
        await peers.set_tier(node, name, Tier.OPEN)
    for name in ("acme.example", "free.example"):
        await peers.change_ceilings(node, name, GrantChange(media=True))
    assert json.loads(await everything(node)) == {"version": 1, "blocks": [], "allows": []}

    assert set(await endings(node, written)) == {"added"}
    assert await everything(node) == written
    assert set(await endings(node, written)) == {"unchanged"}
    assert (await peers.get_peer(node, "acme.example")).peer.ceilings == Ceilings(media=False)


async def test_what_was_decided_here_stays_unless_it_is_overwritten(make_world: MakeWorld) -> None:
    """A milder block, an allow of somebody blocked, and a block of a partner are told with the reason."""
    node = (await make_world(**PARTNERS)).node
    await take(node, BLOCKS)
    await peers.set_tier(node, "lab.org.example", Tier.SIBLING)
    await peers.set_tier(node, "acme.example", Tier.PARTNER)
    await peers.change_ceilings(node, "acme.example", GrantChange(direct_messages=False))
    before = await everything(node)
    blocks = HEAD + "".join(
        f"{name},{severity},false,false,,false\n"
        for name, severity in (
            ("bad.example", "silence"),
            ("sub.bad.example", "silence"),
            ("acme.example", "suspend"),
            ("org.example", "silence"),
            (node.settings.domain, "suspend"),
        )
    )
    wider = {"domain": "acme.example", "tier": "partner", "ceilings": {"direct_messages": True}}
    allows = json.dumps(
        {
            "version": 1,
            "allows": [
                wider,
                {"domain": "bad.example", "tier": "partner"},
                {"domain": "lab.org.example", "tier": "partner"},
            ],
        }
    )

    assert await take(node, blocks) == [
        ("bad.example", "skipped", "the block that is there is stricter in something"),
        ("sub.bad.example", "skipped", "the block of bad.example covers it"),
        ("acme.example", "skipped", "it is a partner of this node, or above one"),
        ("org.example", "skipped", "it is a sibling of this node, or above one"),
        (node.settings.domain, "skipped", "it is this node, or above it"),
    ]
    assert await take(node, allows) == [
        ("acme.example", "skipped", "less may pass than the list says"),
        ("bad.example", "skipped", "it is blocked"),
        ("lab.org.example", "skipped", "it is a sibling of this node"),
    ]
    assert await everything(node) == before

    assert await endings(node, blocks, overwrites=True) == ["changed", "skipped", "added", "added", "skipped"]
    assert (await peers.get_peer(node, "acme.example")).peer.tier is Tier.BLOCKED
    assert await endings(node, allows, overwrites=True) == ["changed", "added", "changed"]
    assert await endings(node, HEAD + "loud.example,suspend,false,false,,false") == ["changed"]
    assert {one.domain: one.severity for one in await domain_blocks.list_blocks(node, PageQuery(limit=9))}[
        "loud.example"
    ] is Severity.SUSPEND


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("*.example,suspend", "line 2", "stars"),
        ("not a domain,suspend", "line 2", "not a domain"),
        (",suspend", "line 2", "names no domain"),
        ("a.example,kill", "line 2", "severity cannot be 'kill'"),
        ("a.example,suspend,perhaps", "line 2", "reject_media is true or false"),
        ("a.example,suspend,,,,,extra", "line 2", "columns"),
        ('a.example,noop\nb.example,noop,,,"two\nlines"\n\nA.EXAMPLE.,suspend', "line 6", "line 2 names it too"),
        (f"a.example,noop,,,{'x' * 1001}", "line 2", "public_comment is too long"),
    ],
)
def test_each_fault_is_named_with_its_place(line: str, place: str, words: str) -> None:
    """And the lines beside it still count."""
    found = peer_lists.read_list(f"{HEAD}{line}\nlast.example,suspend\n".encode())

    (fault,) = [one for one in found if isinstance(one, Fault)]
    assert (fault.place, words in fault.reason) == (place, True), fault
    assert found[-1].domain == "last.example"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a.example\n", "blocks or allows; say its kind"),
        (b"#domain\na.example\n\xff\n", "UTF-8: line 3"),
        (b"#domain,#severity\na.example,\x00\n", "zero byte: line 2"),
        (b'#domain,#severity\na.example,"noop\n', "no CSV from line 2 on"),
        (b'{"version": 2}', "version 1"),
        (b'{"version": 1, "blocks": {}}', "blocks is not a list"),
        (b"[" * 5000, "JSON"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(content: bytes, words: str) -> None:
    """Nothing of it is brought into force."""
    with pytest.raises(Invalid, match=words):
        peer_lists.read_list(content)


def test_places_in_json_are_named_too() -> None:
    """By list and number; a ceiling with a wrong name is no ceiling."""
    entries = [5, {"domain": "a.example", "ceilings": {"medai": False}}, {"domain": "b.example", "tier": "blocked"}]
    found = peer_lists.read_list(json.dumps({"version": 1, "allows": entries}).encode())

    assert [one.place for one in found if isinstance(one, Fault)] == ["allows 1", "allows 2", "allows 3"]


async def test_lists_from_the_command_line(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    """Files in, files out; faults end with 1, and what could be read was brought into force."""
    node = RunningNode(name="Lists", folder=tmp_path / "node", settings=LIMITED)
    sqlite_files.create_migrated(node.folder / "fedorg.db")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(BLOCKS)
    bad.write_text(f"{HEAD}x y,suspend\nnew.example,silence\nbad.example,noop\n")

    dry, done, faulty, exported, both, nameless = await node.run_all(
        ("peer", "import", str(good), "--dry-run"),
        ("peer", "import", str(good), "--json"),
        ("peer", "import", str(bad)),
        ("peer", "export"),
        ("peer", "export", "--kind", "all"),
        ("peer", "import", str(tmp_path / "none.csv")),
    )

    await node.close()
    assert (dry.code, dry.output) == (0, "It would be: 3 added, 0 changed, 0 unchanged, 0 skipped, 0 faulty.\n")
    assert json.loads(done.output)["counts"]["added"] == 3
    assert (faulty.code, "line 2" in faulty.output, "line 4" in faulty.output) == (1, True, True)
    assert "1 added, 0 changed, 0 unchanged, 1 skipped, 1 faulty" in faulty.output
    assert exported.output.splitlines()[-2:] == ["new.example,silence,false,false,,false", BLOCKS.splitlines()[-1]]
    assert (both.code, nameless.code) == (2, 2)
