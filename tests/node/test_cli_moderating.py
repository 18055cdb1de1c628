"""``fedorg user`` in a moderator's hands: the same effects and the same lines as over the admin API."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fedorg.domain.domain_blocks import Severity
from fedorg.services import auditing, registration
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import DomainBlockDraft
from fedorg.services.registration import SignUp
from tests.fediverse.commands import Finished
from tests.fediverse.nodes import RunningNode
from tests.node.serving import PASSWORD, NodeServer
from tests.node.talking import WorkingServer, post, refusal, success
from tests.node.test_api_admin_accounts import shown, told
from tests.node.test_api_domain_blocks import stranger
from tests.node.test_api_reports import report


async def run(server: NodeServer, folder: Path, *commands: Sequence[str]) -> list[Finished]:
    """Commands that end with the settings of a node which is served meanwhile."""
    settings = {
        "FEDORG_PUBLIC_URL": server.url,
        "FEDORG_DATABASE_URL": server.node.settings.database_url,
        "FEDORG_DATA_DIR": str(server.node.settings.data_dir),
    }
    beside = RunningNode(name="Command line", folder=folder / "beside", settings=settings)
    try:
        return await beside.run_all(*commands)
    finally:
        await beside.close()


def facts(finished: Finished) -> Any:  # noqa: ANN401 - JSON
    assert finished.code == 0, finished
    return json.loads(finished.output)


async def test_accounts_are_moderated_from_the_command_line(working: WorkingServer, tmp_path: Path) -> None:
    """Each act has its effect, is told unless it is done quietly, closes reports, is written down, and is undone."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made, status = await report(anna, bert.id), await post(bert, "Hello")
    warned, silenced, sensitive, suspended = await run(
        working.server,
        tmp_path,
        ("user", "warn", "bert", "--text", "Be kind", "--report", made["id"], "--json"),
        ("user", "silence", "@bert", "--text", "Be quiet"),
        ("user", "sensitive", "bert", "--json"),
        ("user", "suspend", "bert", "--quietly", "--json"),
    )
    assert (facts(warned)["action"], facts(warned)["report"], facts(warned)["silenced"]) == ("none", made["id"], False)
    assert (silenced.code, silenced.output) == (0, "bert is silenced.\n")
    assert facts(sensitive)["sensitive"] is True
    assert facts(suspended)["suspended"] is True
    assert refusal(await bert.api.get("/api/v1/accounts/verify_credentials"), 401)
    assert refusal(await anna.api.get(f"/api/v1/statuses/{status['id']}"), 404)

    undone = await run(
        working.server,
        tmp_path,
        *(("user", verb, "bert", "--undo", "--json") for verb in ("suspend", "sensitive", "silence")),
    )

    last = facts(undone[-1])
    assert [last[one] for one in ("suspended", "sensitive", "silenced")] == [False, False, False]
    assert await shown(anna, bert) == [status["id"]]
    again = await working.server.api(await working.server.token(bert.user))
    texts = [
        (one["moderation_warning"]["action"], one["moderation_warning"]["text"])
        for one in await told(replace(bert, api=again))
    ]
    assert texts == [("sensitive", ""), ("silence", "Be quiet"), ("none", "Be kind")]
    lines = await auditing.list_lines(working.server.node, target="bert")
    kept = [(line.action, line.by) for line in reversed(lines) if line.action != "account.warned"]
    assert kept[-7:] == [
        ("report.resolved", None),
        ("account.silenced", None),
        ("account.sensitized", None),
        ("account.suspended", None),
        ("account.unsuspended", None),
        ("account.unsensitized", None),
        ("account.unsilenced", None),
    ]


async def test_what_is_not_so_cannot_be_taken_back(working: WorkingServer, tmp_path: Path) -> None:
    """It is said that nothing was to take back, and what stays as its whole server does; no line is written down."""
    await working.person("anna")
    await stranger(working.server.node, "bad.example")
    await domain_blocks.create(working.server.node, None, "bad.example", DomainBlockDraft(severity=Severity.SUSPEND))
    await working.settle()
    measures = ("suspend", "sensitive", "silence")
    *unburdened, blocked, machine = await run(
        working.server,
        tmp_path,
        *(("user", measure, "anna", "--undo") for measure in measures),
        ("user", "suspend", "@zoe@bad.example", "--undo"),
        ("user", "suspend", "anna", "--undo", "--json"),
    )

    names = ("suspended", "bound to sensitive media", "silenced")
    assert [one.output for one in unburdened] == [f"anna was not {name}.\n" for name in names]
    assert blocked.output == "zoe@bad.example stays suspended, as its whole server is.\n"
    assert facts(machine)["suspended"] is False
    assert await auditing.list_lines(working.server.node, action="account.") == []

    await run(working.server, tmp_path, ("user", "suspend", "anna", "--quietly"))
    (undone,) = await run(working.server, tmp_path, ("user", "suspend", "anna", "--undo"))
    assert undone.output == "anna is suspended no more.\n"


async def test_moments_are_told_to_people_in_minutes(node_server: NodeServer, tmp_path: Path) -> None:
    """Lists and facts show them as each other; programs get the whole moment. Nobody is asked for by a wrong name."""
    await node_server.person("anna")
    added, listed, machine, nobody, anna = await run(
        node_server,
        tmp_path,
        ("ip-block", "add", "192.0.2.5", "--hours", "2"),
        ("ip-block", "list"),
        ("ip-block", "list", "--json"),
        ("audit", "list", "--by", "nobody"),
        ("audit", "list", "--by", "@Anna"),
    )

    assert added.code == 0
    expires_at = datetime.fromisoformat(facts(machine)[0]["expires_at"])
    assert f"  {expires_at:%Y-%m-%d %H:%M}" in listed.output
    assert expires_at.isoformat(" ") not in listed.output
    assert (nobody.code, nobody.complaint) == (1, "There is no user nobody\n")
    assert (anna.code, anna.output) == (0, "Nothing of this kind was done.\n")


async def test_who_waits_is_let_in_or_turned_away(serve: Any, tmp_path: Path) -> None:  # noqa: ANN401 - a function
    """Approved people sign in, the rejected are gone; whoever does not wait is named, with what to do instead."""
    server: NodeServer = await serve(registration="approval")
    for name in ("wilma", "xaver"):
        draft = SignUp(username=name, email=f"{name}@people.example", password=PASSWORD, agreement=True, reason="Hi")
        await registration.sign_up(server.node, draft)
    approved, rejected, again, nobody, alone, absent, unknown = await run(
        server,
        tmp_path,
        ("user", "approve", "wilma", "--json"),
        ("user", "reject", "xaver"),
        ("user", "reject", "wilma"),
        ("user", "silence", "nobody"),
        ("user", "silence", "wilma", "--undo", "--text", "Sorry"),
        ("user", "warn", "wilma", "--report", "1"),
        ("user", "approve", "@wilma@elsewhere.example"),
    )

    assert facts(approved)["approved"] is True
    assert (rejected.code, rejected.output) == (0, "xaver is turned away.\n")
    assert (again.code, alone.code) == (1, 2)
    assert "wilma does not wait for approval; `fedorg user list`" in again.complaint
    assert "no account nobody here" in nobody.complaint
    assert "no report 1 about wilma; `fedorg report list --all`" in absent.complaint
    assert "no account @wilma@elsewhere.example here" in unknown.complaint
    browser = await server.browser()
    assert (await browser.sign_in("wilma")).status_code == 303
    found = success(await server.anonymous.get("/api/v1/accounts/lookup", params={"acct": "wilma"}))
    assert found["username"] == "wilma"
    assert refusal(await server.anonymous.get("/api/v1/accounts/lookup", params={"acct": "xaver"}), 404)
    lines = await auditing.list_lines(server.node, action="user.")
    assert [(line.action, line.target) for line in lines[:2]] == [
        ("user.rejected", "xaver"),
        ("user.approved", "wilma"),
    ]


async def test_a_shared_account_is_acted_for_by_several(node_server: NodeServer, tmp_path: Path) -> None:
    """The command says for whom a person acts afterwards; one's own account is not taken away, strangers share none."""
    for name in ("anna", "press"):
        await node_server.person(name)
    shared, twice, back, own, nobody = await run(
        node_server,
        tmp_path,
        ("user", "share", "anna", "press", "--json"),
        ("user", "share", "anna", "press"),
        ("user", "share", "anna", "press", "--undo", "--json"),
        ("user", "share", "anna", "anna", "--undo"),
        ("user", "share", "anna", "nobody"),
    )

    assert facts(shared) == {"username": "anna", "accounts": ["anna", "press"]}
    assert twice.output == "anna may act for anna, press.\n"
    assert facts(back)["accounts"] == ["anna"]
    assert "fedorg user disable" in own.complaint
    assert (nobody.code, nobody.complaint) == (1, "There is no account nobody\n")
    lines = await auditing.list_lines(node_server.node, action="user.account_")
    assert [(line.action, dict(line.details)) for line in lines] == [
        ("user.account_unshared", {"account": "press"}),
        ("user.account_shared", {"account": "press"}),
    ]
