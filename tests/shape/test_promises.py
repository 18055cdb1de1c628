"""The documents and the code say the same, and the code keeps its shape where no linter looks."""

import re
import tomllib
from pathlib import Path

from fedorg import config
from fedorg.store.tables import metadata

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "fedorg").rglob("*.py"))


def test_every_setting_is_in_the_documentation_with_its_default() -> None:
    """docs/settings.md lists exactly the settings there are, with their defaults and meanings."""
    text = (ROOT / "docs" / "settings.md").read_text()

    rows = dict(re.findall(r"^\| `(FEDORG_\w+)` \| (.*) \|$", text, re.MULTILINE))

    assert rows == {
        name: f"{f'`{default}`' if default else ''} | {help_}" for name, default, help_ in config.describe()
    }


def test_the_layers_are_told_as_they_are_checked() -> None:
    """CONTRIBUTING.md names each layer that import-linter holds apart, from the highest to the lowest."""
    told = (ROOT / "CONTRIBUTING.md").read_text().partition("Imports go downwards only: ")[2].partition(". ")[0]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (checked,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]

    assert re.findall("`(.+?)`", told) == checked


def test_every_column_has_a_reader() -> None:
    """A column that no code outside the table definition names is dead weight."""
    readers = "\n".join(
        path.read_text() for path in SOURCES if path.parent.name != "tables" and "migrations" not in path.parts
    )

    unread = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if not re.search(rf"\b{column.name}\b", readers)
    ]

    assert unread == []


def test_templates_never_switch_escaping_off() -> None:
    """HTML that is safe is marked so in one place in Python, never in a template."""
    unsafe = [path.name for path in (ROOT / "templates").rglob("*.html") if re.search(r"\|\s*safe\b", path.read_text())]

    assert unsafe == []


def test_environment_is_read_in_one_module() -> None:
    """Settings come from fedorg.config, so that each is documented and checked."""
    readers = [
        str(path.relative_to(ROOT)) for path in SOURCES if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]

    assert readers == ["fedorg/cli/demo/nodes.py", "fedorg/config.py"]


def releases(name: str) -> list[tuple[str, str]]:
    """(package, release) of each line of a lock file, whatever Python it is for."""
    return re.findall(r"^([a-z][\w.-]*)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)


def test_nodes_run_what_was_tested() -> None:
    """One release of each library, on every Python, and the same where tests run."""
    nodes, tests = releases("requirements.lock"), releases("requirements-dev.lock")

    assert len(nodes) == len(dict(nodes))
    assert set(nodes) <= set(tests)
    assert len([name for name, _ in tests if name in dict(nodes)]) == len(nodes)


def test_lock_files_name_no_registry_and_hash_everything() -> None:
    """Who installs from the lock files chooses the registry, and gets exactly these bytes."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert all(
            "--hash=" in block for block in re.findall(r"^[a-z].*?(?=^[a-z]|\Z)", text, re.MULTILINE | re.DOTALL)
        )
    for path in ROOT.glob("tests/**/package-lock.json"):
        if "node_modules" not in path.parts:
            assert '"resolved"' not in path.read_text()
