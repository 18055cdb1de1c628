"""The walk of a real client for terminals, toot, through one node over real HTTP."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.node.serving import Member
from tests.node.talking import WorkingServer, picture
from tests.node.test_mastodon_py import consent

ROOT: Final = Path(__file__).parent.parent.parent
# One that draws on the whole screen, and waits for keys.
NOT_WALKED: Final = {"tui"}


class Terminal:
    """Somebody who types commands of toot; ``walked`` are those that did what they should."""

    def __init__(self, process: Process, commands: list[str]) -> None:
        self._process = process
        self.commands = commands
        self.walked: set[str] = set()

    async def run(self, command: str, *arguments: str, typed: str = "") -> tuple[int, str]:
        """The exit code and what is printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[*command.split(), *arguments], typed]).encode() + b"\n")
        code, printed = json.loads(await self._process.stdout.readline())
        self.walked.add(command)
        return code, printed

    async def text(self, command: str, *arguments: str, typed: str = "") -> str:
        """What a command prints that succeeds."""
        code, printed = await self.run(command, *arguments, typed=typed)
        assert code == 0, f"toot {command} {arguments}: {printed}"
        return printed

    async def json(self, command: str, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """The JSON that it prints."""
        return json.loads(await self.text(command, *arguments, "--json"))


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal of somebody who has no settings yet."""
    places = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.node.run_toot",
        stdin=PIPE, stdout=PIPE, env={**os.environ, **places}, cwd=tmp_path,
        limit=2**20,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Terminal(process, json.loads(await process.stdout.readline()))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def log_in(terminal: Terminal, working: WorkingServer, username: str) -> str:
    """Sign in as people do; the account as toot calls it."""
    url = working.server.url
    _, asked = await terminal.run("login", "--instance", url, typed="n\n")
    wanted = re.search(r"http://\S+/oauth/authorize\S+", asked)
    assert wanted, asked
    code = await consent(working, wanted[0], username)
    assert "logged in" in await terminal.text("login", "--instance", url, typed=f"n\n{code}\n")
    return f"{username}@{url.removeprefix('http://')}"


async def test_toot_walks_through_the_node(working: WorkingServer, terminal: Terminal, tmp_path: Path) -> None:
    """What people do every day from a terminal; every command but one does what it says."""
    people = [await working.person(name) for name in ("anna", "bert")]
    red = tmp_path / "red.png"
    red.write_bytes(picture())
    assert (await terminal.run("login_cli", "-i", working.server.url, "-e", "anna", "-p", "x"))[0] != 0
    bert = await log_in(terminal, working, "bert")
    anna = await log_in(terminal, working, "anna")
    assert f"* {anna} ACTIVE" in await terminal.text("auth")

    made = await _post(terminal, red)
    await _keep(terminal, made)
    await _read(terminal, working, made, people[0])
    await _sort(terminal)
    await terminal.text("activate", bert)
    await _meet(terminal, working, made)
    await terminal.text("activate", anna)
    await _hear(terminal, working, made, people[1])
    await terminal.text("logout", anna)

    print(f"toot: {len(terminal.walked)} of {len(terminal.commands)} commands walked")  # noqa: T201 - told with -s
    assert set(terminal.commands) - terminal.walked == NOT_WALKED


async def _post(terminal: Terminal, red: Path) -> Any:  # noqa: ANN401 - JSON
    """Statuses with media, a warning, a poll, for few; and a profile."""
    profile = await terminal.json("update-account", "--display-name", "Anna A.", "--locked", "--language", "de")
    assert (profile["display_name"], profile["locked"], profile["source"]["language"]) == ("Anna A.", True, "de")
    assert "anna" in await terminal.text("whoami")
    assert (await terminal.json("upload", str(red), "-d", "A field"))["description"] == "A field"
    made = await terminal.json(
        "post", "Hello #fediverse", "-m", str(red), "-d", "A red field", "-s", "-p", "Red", "-l", "en"
    )
    (media,) = made["media_attachments"]
    assert (media["description"], made["spoiler_text"], made["sensitive"]) == ("A red field", "Red", True)
    assert (made["language"], made["visibility"]) == ("en", "public")
    quiet = await terminal.json("post", "For few", "-v", "private")
    assert quiet["visibility"] == "private"
    assert await terminal.text("delete", quiet["id"])
    assert (await terminal.run("status", quiet["id"]))[0] != 0
    later = await terminal.json("post", "Later", "--scheduled-in", "10 minutes")
    assert later["params"]["text"] == "Later"
    return made


async def _keep(terminal: Terminal, made: Any) -> None:  # noqa: ANN401 - JSON
    """What one does with a status for oneself."""
    for command, flag in (("bookmark", "bookmarked"), ("pin", "pinned"), ("favourite", "favourited")):
        assert (await terminal.json(command, made["id"]))[flag] is True
    assert "Hello" in await terminal.text("bookmarks", "--once")
    assert [one["id"] for one in await terminal.json("timelines favourites", "--no-pager")] == [made["id"]]
    for command, flag in (("unbookmark", "bookmarked"), ("unpin", "pinned"), ("unfavourite", "favourited")):
        assert (await terminal.json(command, made["id"]))[flag] is False


async def _read(terminal: Terminal, working: WorkingServer, made: Any, anna: Member) -> None:  # noqa: ANN401 - JSON
    """The timelines, the node, and what is found."""
    await working.settle()
    assert "Hello" in await terminal.text("timeline", "--once")
    for timeline, *about in (("account", "anna"), ("home",), ("public",), ("tag", "fediverse")):
        found = await terminal.json(f"timelines {timeline}", *about, "--no-pager")
        assert [one["id"] for one in found] == [made["id"]], timeline
    for timeline, *about in (("trending",), ("link", "https://page.example/")):
        assert await terminal.json(f"timelines {timeline}", *about, "--no-pager") == []
    assert (await terminal.json("status", made["id"]))["id"] == made["id"]
    assert (await terminal.json("thread", made["id"]))["descendants"] == []
    assert (await terminal.json("whois", "anna"))["id"] == anna.id
    assert [one["id"] for one in (await terminal.json("search", "anna"))["accounts"]] == [anna.id]
    assert (await terminal.json("instance", working.server.url))["title"] == "Test node"
    assert "toot" in await terminal.text("diag", "--server")


async def _sort(terminal: Terminal) -> None:
    """Hashtags that are followed and featured."""
    assert (await terminal.json("tags info", "fediverse"))["name"] == "fediverse"
    assert (await terminal.json("tags follow", "fediverse"))["following"] is True
    assert [one["name"] for one in await terminal.json("tags followed")] == ["fediverse"]
    assert (await terminal.json("tags unfollow", "fediverse"))["following"] is False
    assert (await terminal.json("tags feature", "fediverse"))["name"] == "fediverse"
    assert [one["name"] for one in await terminal.json("tags featured")] == ["fediverse"]
    await terminal.text("tags unfeature", "fediverse")
    assert await terminal.json("tags featured") == []


async def _meet(terminal: Terminal, working: WorkingServer, made: Any) -> None:  # noqa: ANN401 - JSON
    """Bert asks to follow Anna, answers and boosts her, asks something, and shuts her out for a moment."""
    assert (await terminal.json("follow", "anna"))["requested"] is True
    answer = await terminal.json("post", "@anna Welcome", "-r", made["id"])
    assert answer["in_reply_to_id"] == made["id"]
    assert (await terminal.json("reblog", made["id"]))["reblog"]["id"] == made["id"]
    assert [one["acct"] for one in await terminal.json("reblogged-by", made["id"])] == ["bert"]
    assert (await terminal.json("unreblog", made["id"]))["reblogged"] is False
    asked = await terminal.json("post", "Which?", "--poll-option", "Tea", "--poll-option", "Milk")
    assert [one["title"] for one in asked["poll"]["options"]] == ["Tea", "Milk"]
    assert (await terminal.json("polls show", asked["poll"]["id"]))["id"] == asked["poll"]["id"]
    for verb, listed, flag in (("mute", "muted", "muting"), ("block", "blocked", "blocking")):
        assert (await terminal.json(verb, "anna"))[flag] is True
        assert [one["acct"] for one in await terminal.json(listed)] == ["anna"]
        assert (await terminal.json(f"un{verb}", "anna"))[flag] is False
    assert (await terminal.json("follow", "anna"))["requested"] is True
    await working.settle()


async def _hear(terminal: Terminal, working: WorkingServer, made: Any, bert: Member) -> None:  # noqa: ANN401 - JSON
    """Anna hears of it, lets Bert in and follows him, votes, and has a list with him."""
    assert [one["account"]["acct"] for one in await terminal.json("notifications", "-t", "mention")] == ["bert"]
    assert [one["in_reply_to_id"] for one in (await terminal.json("thread", made["id"]))["descendants"]] == [made["id"]]
    assert [one["acct"] for one in await terminal.json("follow-requests list")] == ["bert"]
    await terminal.text("follow-requests accept", "bert")
    assert [one["acct"] for one in await terminal.json("followers", "anna")] == ["bert"]
    assert (await terminal.run("follow-requests reject", "bert"))[0] != 0
    assert (await terminal.json("follow", "bert"))["following"] is True
    assert [one["acct"] for one in await terminal.json("following", "anna")] == ["bert"]
    poll = next(one["poll"] for one in await terminal.json("timelines account", "bert", "--no-pager") if one["poll"])
    assert (await terminal.json("polls vote", poll["id"], "1"))["own_votes"] == [1]
    assert (await terminal.json("lists create", "Friends"))["title"] == "Friends"
    await terminal.text("lists add", "Friends", "bert")
    assert [one["title"] for one in await terminal.json("lists list")] == ["Friends"]
    assert [one["id"] for one in await terminal.json("lists accounts", "Friends")] == [bert.id]
    await working.settle()
    assert (await terminal.run("timelines list", "Friends", "--no-pager"))[0] == 0
    await terminal.text("lists remove", "Friends", "bert")
    assert await terminal.json("lists accounts", "Friends") == []
    await terminal.text("lists delete", "Friends")
    assert await terminal.json("lists list") == []
    assert (await terminal.json("unfollow", "bert"))["following"] is False
    await terminal.text("notifications", "--clear")
    assert await terminal.json("notifications") == []
