"""What CONTRIBUTING.md says is so: derived files, commands, targets, the tests' switches."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.labserver import REPO
from tools import set_version

TEXT = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (REPO / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPO / "Makefile").read_text(encoding="utf-8")
#: What one file is made of another, or by a measurement, and is committed all the same.
DERIVED = ("*.lock", "labs/*.ipynb", "binder/environment.yml", "docs/*.png", "helpers/**/*.json")
#: These are written by hand.
SOURCES = {"helpers/course/runs/schema.json"}
#: Targets that only others use.
INNER = {"check-python", "help"}
#: Variables of the environment that are no switches of ours.
NOT_OURS = {"PYTHONPATH", "PYTEST_ADDOPTS", "PATH", "HOME", "TMPDIR"}
#: What a test tells a process that it starts.
NOT_OURS |= {"CLOCK_BACK", "DISC", "NET_WATCH"}


def table() -> list[tuple[str, str, str]]:
    """The rows of the table of derived artefacts: artefact, source, command."""
    section = re.search(r"^## What is derived.*?(?=^## )", TEXT, re.M | re.S)[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in row) for row in rows[2:]]


def targets() -> set[str]:
    """Make's targets for people."""
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", MAKEFILE, re.M)[1]
    return set(phony.replace("\\", " ").split()) - INNER


def made(text: str) -> set[str]:
    """The targets that a text's commands name."""
    code = re.findall(r"`[^`\n]+`|^```.*?^```", text, re.M | re.S)
    return set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(code)))


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0])
def test_an_artefact_is_there_and_has_a_command(row: tuple[str, str, str]) -> None:
    artefact, source, command = row
    assert re.fullmatch(r"`make [a-z]+[^`]*`", command), command
    assert made(command) <= targets()
    for path in re.findall(r"`([\w./*-]+)`", f"{artefact} {source}"):
        if "not committed" not in artefact or path not in artefact:
            assert list(REPO.glob(path)), f"{path} is not there"


def test_every_derived_file_is_in_the_table() -> None:
    listed = [path for row in table() for path in re.findall(r"`([\w./*-]+)`", row[0])]
    covered = {file for path in listed for file in REPO.glob(path)}
    found = {file for pattern in DERIVED for file in REPO.glob(pattern)}
    assert len(found) > 10
    missing = {file.relative_to(REPO).as_posix() for file in found - covered}
    assert missing - SOURCES == set()


def test_every_target_is_explained_and_every_explained_one_exists() -> None:
    known = targets()
    assert len(known) > 10
    assert made(TEXT) | made(README) == known
    assert set(re.findall(r"@echo 'make ([a-z]+)", MAKEFILE)) == known


def test_every_tool_that_makes_something_has_a_target() -> None:
    tools = {f"tools.{path.stem}" for path in (REPO / "tools").glob("*.py")} - {"tools.__init__"}
    assert {tool for tool in tools if f"-m {tool}" not in MAKEFILE} == set()


def test_modules_and_files_that_are_named_exist() -> None:
    for name in re.findall(r"python -m ([\w.]+)", TEXT):
        assert name == "pytest" or importlib.util.find_spec(name), name
    for path in re.findall(r"`((?:helpers|tests|tools|docs|labs)/[\w./-]+)`", TEXT):
        assert (REPO / path).exists(), path
    for path in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (REPO / path).exists(), path


def test_every_switch_of_the_tests_is_told() -> None:
    read = set()
    for file in (REPO / "tests").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        read |= set(re.findall(r"environ(?:\.get)?[(\[]\"([A-Z_]+)\"", source))
    read -= NOT_OURS
    assert len(read) > 5
    told = set(re.findall(r"`([A-Z_]{4,})", TEXT + README))
    assert read - told == set()


def test_the_readme_leads_here() -> None:
    assert "(CONTRIBUTING.md)" in README


# --- the version -----------------------------------------------------------------------------


def test_a_release_has_one_number() -> None:
    assert len(set(set_version.versions().values())) == 1, "make version VERSION=..."


def test_a_new_number_is_written_wherever_it_stands(tmp_path: Path) -> None:
    for name in set_version.PLACES:
        shutil.copy(REPO / name, tmp_path)
    set_version.write("12.3.4", tmp_path)
    assert set(set_version.versions(tmp_path).values()) == {"12.3.4"}
    for name in set_version.PLACES:
        before, after = ((folder / name).read_text().splitlines() for folder in (REPO, tmp_path))
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("wrong", ["", "1.2", "v1.2.3", "1.2.3; rm"])
def test_what_is_no_version_is_refused(wrong: str, capsys: pytest.CaptureFixture) -> None:
    assert set_version.main([wrong]) == 1
    assert "write VERSION=1.2.3" in capsys.readouterr().err


def test_a_recording_without_interpreters_is_refused() -> None:
    done = subprocess.run(
        ["make", "-C", str(REPO), "--no-print-directory", "-o", "setup", "recorded"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Name two interpreters" in done.stdout
