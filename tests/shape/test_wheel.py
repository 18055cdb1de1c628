"""The wheel, built and installed somewhere else, is a whole node: code, templates, static files, migrations."""

import asyncio
import os
import sys
import zipfile
from pathlib import Path

import pytest

from tests.fediverse.nodes import RunningNode

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
async def test_the_wheel_is_a_whole_node(tmp_path: Path) -> None:
    """Built, installed without the checkout and started, it answers with pages, their style, and its own help."""
    await _run("hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), folder=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    flags = ("--no-deps", "--no-index", "--no-compile", "--quiet", "--disable-pip-version-check", "--target", str(site))
    await _run("pip", "install", *flags, str(wheel), folder=tmp_path)
    node = RunningNode(name="Installed", folder=tmp_path / "node", settings={"PYTHONPATH": str(site)})
    try:
        assert {Path(line).parents[1] for line in await _where(node)} == {site}
        assert "Examples:" in await node.command("--help")
        await node.start()
        async with node.http() as browser:
            front, sign_in = [await browser.get(path) for path in ("/", "/auth/sign_in")]
            style = await browser.get("/static/site.css")
        await node.stop()
    finally:
        await node.close()

    assert (front.status_code, sign_in.status_code, style.status_code) == (200, 200, 200)
    assert "Sign in to Installed" in sign_in.text
    assert style.headers["content-type"].startswith("text/css")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("tests/", "templates/", "data/"))]
    assert [name for name in names if name.endswith("LICENSE")]


async def _where(node: RunningNode) -> list[str]:
    """The files that the two packages are loaded from by a process of the node."""
    words = ("-c", "import fedorg, federation; print(fedorg.__file__, federation.__file__, sep='\\n')")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=node.folder, env=node.environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode().split()


async def _run(module: str, *words: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *words,
        cwd=folder,
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{module} {' '.join(words)}:\n{output.decode()}"
