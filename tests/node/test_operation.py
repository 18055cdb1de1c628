"""Running a node: what its metrics say and to whom, what its log never says, and how it stops."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image
from sqlalchemy import NullPool, create_engine, text

from tests.fediverse.ledger import database_of, faults
from tests.fediverse.nodes import PASSWORD, WAIT_SECONDS, Member, RunningNode, settle, wait_for

SECRETS = ("opensesame", "Nobody but Ben may read this")
LOGGING = """
from fedorg import log
log.configure("info", "json")
for event in ("one", "two"):
    log.get_logger().info(event)
"""


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[RunningNode]:
    """A node with Anna and Ben on it."""
    node = RunningNode(name=folder.name, folder=folder, settings=settings)
    try:
        await node.create("anna", "ben")
        await node.start()
        yield node
    finally:
        await node.close()


async def test_metrics_count_what_happens(tmp_path: Path) -> None:
    """Requests and jobs are counted by route and outcome, and no label holds a name, a path or a host."""
    async with running(tmp_path / "node") as node, node.member("anna") as anna:
        await anna.post("/api/v1/statuses", {"status": "Counted"})
        await anna.http.get("/users/anna/statuses/12345")
        await settle(node)
        async with node.http() as http:
            answer = await http.get("/metrics")
            chosen = await http.get("/metrics?name[]=fedorg_queue&name[]=fedorg_jobs_total&name[]=of_nobody")

    assert answer.headers["content-type"].startswith("text/plain")
    samples = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(samples['fedorg_requests_total{method="POST",route="/api/v1/statuses",status="200"}']) == 1
    assert float(samples['fedorg_jobs_total{kind="DistributeStatus",outcome="done"}']) == 1
    assert float(samples['fedorg_queue{queue="jobs",state="waiting"}']) == 0
    some = [line for line in answer.text.splitlines() if re.match(r"(# \w+ )?fedorg_(queue|jobs_total)\b", line)]
    assert (len(some) > 4, sorted(chosen.text.splitlines())) == (True, sorted(some))
    labels = {value for name in samples for value in re.findall(r'="([^"]*)"', name)}
    assert not [label for label in labels if "anna" in label or "12345" in label or str(node.port) in label]


async def test_metrics_are_not_there_for_other_networks(tmp_path: Path) -> None:
    """An address outside ``metrics_networks`` gets 404, also when it comes through a trusted proxy."""
    settings = {"FEDORG_METRICS_NETWORKS": "127.0.0.1,192.0.2.0/24", "FEDORG_TRUSTED_PROXIES": "127.0.0.1"}
    async with running(tmp_path / "node", **settings) as node, node.http() as http:
        answers = {
            address: (await http.get("/metrics", headers={"X-Forwarded-For": address})).status_code
            for address in ("192.0.2.7", "203.0.113.7", "2001:db8::7")
        }
        direct = (await http.get("/metrics")).status_code

    assert answers == {"192.0.2.7": 200, "203.0.113.7": 404, "2001:db8::7": 404}
    assert direct == 200


async def test_the_log_holds_no_secrets(tmp_path: Path) -> None:
    """After sign-ins that succeed and fail, posts and refusals, no password, token or text of a post is in the log."""
    async with running(tmp_path / "node", FEDORG_LOG_LEVEL="debug") as node:
        async with node.member("anna") as anna, node.http() as http:
            token = anna.http.headers["Authorization"].removeprefix("Bearer ")
            await anna.post("/api/v1/statuses", {"status": f"@ben {SECRETS[1]}", "visibility": "direct"})
            await anna.http.get("/api/v1/statuses/1")
            await anna.http.post("/api/v1/statuses", data={"status": SECRETS[1], "visibility": SECRETS[0]})
            await http.post("/oauth/token", data={"grant_type": "password", "password": SECRETS[0]})
            await http.get(f"/api/v1/timelines/home?access_token={SECRETS[0]}")
            await http.get("/api/v1/timelines/home", headers={"Authorization": f"Bearer {SECRETS[0]}"})
            await http.post("/inbox", json={"type": "Create", "content": SECRETS[1]})
            link = json.loads(await node.command("user", "reset-password", "ben", "--json"))["sign_in_link"]
            await http.get(link)
            await settle(node)
            _let_fail(node, "applications")
            program = {"client_name": SECRETS[1], "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
            failed = await http.post("/api/v1/apps", data=program)
        await node.stop()
        log = (node.folder / "node.log").read_text()

    # The link of the first start is printed for the administrator, on purpose.
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"request", "node.stopped"} <= {line["event"] for line in lines}
    assert failed.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert [secret for secret in (*SECRETS, PASSWORD, token, link.rsplit("/", 1)[1]) if secret in log] == []


def _let_fail(node: RunningNode, table: str) -> None:
    """Have the database refuse what is added to a table, as by a fault of the program."""
    engine = create_engine(database_of(node), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(text(f"CREATE TRIGGER refused BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"))


def test_a_line_of_the_log_is_one_write() -> None:
    """Several processes share a log, and their lines stay whole: where Python buffers nothing, as in the container."""
    # Each read of such a pipe gives what one write said.
    reading, writing = os.pipe2(os.O_DIRECT)
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    subprocess.run([sys.executable, "-c", LOGGING], stderr=writing, env=unbuffered, check=True)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as packets:
        lines = [packets.read(4096) for _ in LOGGING.splitlines()]

    assert [json.loads(line)["event"] for line in lines if line] == ["one", "two"]


async def test_stopping_cuts_neither_requests_nor_jobs(tmp_path: Path) -> None:
    """Told to stop in the middle of an upload and of a delivery, a node ends both, and then itself, in good order."""
    async with (
        running(tmp_path / "a") as a,
        running(tmp_path / "b") as b,
        a.member("anna") as anna,
        b.member("ben") as ben,
    ):
        await ben.follow(anna)
        await settle(a, b)
        b.freeze()
        await anna.post("/api/v1/statuses", {"status": "On its way"})
        await wait_for(lambda: _delivery_under_way(a), "the delivery to begin")
        told, half = asyncio.Event(), asyncio.Event()
        upload = asyncio.create_task(_upload(anna, half, told))
        await half.wait()

        process = a.process
        assert process is not None
        process.terminate()
        await _refuses_new_work(a)
        told.set()
        b.thaw()

        answer = await upload
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.wait() == 0
        await ben.home_status("On its way")
    assert answer.is_success, answer.text
    assert a.log_lines("node.stopped")
    assert faults(a) == {}


async def test_an_open_stream_does_not_keep_a_node_from_stopping(tmp_path: Path) -> None:
    """Streams stay open for hours; a node that stops ends them and itself within the time it was given."""
    async with running(tmp_path / "node", FEDORG_SHUTDOWN_SECONDS="20") as node, node.member("anna") as anna:
        async with anna.http.stream("GET", "/api/v1/streaming/user", timeout=WAIT_SECONDS) as stream:
            assert stream.status_code == httpx.codes.OK
            process = node.process
            assert process is not None
            process.terminate()
            async for _ in stream.aiter_raw():
                pass
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.wait() == 0


async def _upload(member: Member, half: asyncio.Event, told: asyncio.Event) -> httpx.Response:
    """Upload a picture, of which the second half is sent once ``told``."""
    picture = BytesIO()
    Image.effect_noise((400, 400), 50).save(picture, "PNG")
    request = member.http.build_request(
        "POST", "/api/v2/media", files={"file": ("noise.png", picture.getvalue(), "image/png")}
    )
    body = b"".join([chunk async for chunk in request.stream])  # type: ignore[union-attr]

    async def slowly() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        half.set()
        await told.wait()
        yield body[len(body) // 2 :]

    headers = {"Content-Type": request.headers["Content-Type"], "Content-Length": str(len(body))}
    return await member.http.post("/api/v2/media", content=slowly(), headers=headers)


async def _delivery_under_way(node: RunningNode) -> bool | None:
    def look() -> bool | None:
        engine = create_engine(database_of(node), poolclass=NullPool)
        with engine.connect() as conn:
            return bool(conn.execute(text("SELECT count(*) FROM deliveries WHERE leased_until > 0")).scalar()) or None

    return await asyncio.to_thread(look)


async def _refuses_new_work(node: RunningNode) -> None:
    """Wait until the node has heard that it shall stop: it takes no new connection any more."""

    async def look() -> bool | None:
        try:
            async with node.http() as http:
                await http.get("/health", timeout=1)
        except httpx.TransportError:
            return True
        return None

    await wait_for(look, "the node to take nothing new")
