"""pyproject.toml is the one list of dependencies; every other list agrees with it."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
#: What the course needs, and what only the site, or only the demo, needs beside it.
LOCKS = ("requirements.lock", "requirements-site.lock", "requirements-demo.lock")
LOCK = "".join((ROOT / name).read_text() for name in LOCKS)

CONDA_NAMES = {"matplotlib": "matplotlib-base"}
"""What conda-forge calls a package, where it is not the name on PyPI."""


def bounds(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Return each requirement's bounds by its normalised name."""
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(each.name): each.specifier for each in parsed}


def conda_dependencies() -> list[str]:
    """Return what environment.yml lists, with what it leaves to pip at the end."""
    listed = YAML(typ="safe").load((ROOT / "environment.yml").read_text())["dependencies"]
    packages = [line for line in listed if isinstance(line, str)]
    return packages + [line for part in listed if isinstance(part, dict) for line in part["pip"]]


def locked() -> dict[str, list[tuple[str, list[str]]]]:
    """Return, for each name in the lock, its versions with the hashes of each.

    A name has several versions when they depend on the Python version.
    """
    pins: dict[str, list[tuple[str, list[str]]]] = {}
    for line in LOCK.splitlines():
        if pin := re.match(r"([\w.-]+)==([^\s;\\]+)", line):
            hashes: list[str] = []
            pins.setdefault(canonicalize_name(pin[1]), []).append((pin[2], hashes))
        elif found := re.match(r"\s+--hash=(sha256:[0-9a-f]{64})\b", line):
            hashes.append(found[1])
        elif line.strip() and not line.lstrip().startswith("#"):
            pytest.fail(f"requirements.lock has a line that is neither a pin nor a hash: {line}")
    return pins


RUNTIME = bounds(PROJECT["dependencies"])
EXTRAS = bounds([line for extra in PROJECT["optional-dependencies"].values() for line in extra])


def test_the_course_stands_on_the_designed_packages():
    assert {"jupyterlab", "ipywidgets", "matplotlib", "nest-asyncio", "nbval"} <= RUNTIME.keys()


def test_every_runtime_dependency_has_a_lower_bound():
    unbounded = [
        name
        for name, specifiers in RUNTIME.items()
        if not any(each.operator == ">=" for each in specifiers)
    ]
    assert unbounded == []


def test_conda_has_the_same_names_and_bounds():
    packages = [line for line in conda_dependencies() if line != "pip"]
    listed = bounds([line for line in packages if not line.startswith("python=")])
    assert listed == {CONDA_NAMES.get(name, name): each for name, each in RUNTIME.items()}


def test_conda_pins_a_python_that_the_package_allows():
    (pin,) = [line for line in conda_dependencies() if line.startswith("python")]
    version = re.fullmatch(r"python=(\d+\.\d+)", pin)
    assert version
    assert SpecifierSet(PROJECT["requires-python"]).contains(version[1])


def test_binder_has_a_copy_of_the_conda_environment():
    copy = ROOT / "binder" / "environment.yml"
    assert copy.read_text() == (ROOT / "environment.yml").read_text()
    assert not copy.is_symlink()


@pytest.mark.parametrize(("name", "allowed"), (RUNTIME | EXTRAS).items())
def test_the_lock_pins_each_direct_dependency_inside_its_bounds(name, allowed):
    pins = locked().get(name, [])
    assert pins, f"{name} is not in requirements.lock: run `make lock`"
    outside = [version for version, _ in pins if not allowed.contains(version)]
    assert outside == [], f"{name} must be {allowed}: run `make lock`"


def test_the_lock_has_hashes_for_every_pin():
    pins = locked()
    assert len(pins) > len(RUNTIME | EXTRAS)
    bare = [
        f"{name}=={v}" for name, versions in pins.items() for v, hashes in versions if not hashes
    ]
    assert bare == []


@pytest.mark.parametrize(
    "address",
    [r"\bhttps?:", "://", "file:", "/root", "/work", "/home", "/tmp", "/opt", "--index", "--find"],
)
def test_the_lock_names_no_address(address):
    assert re.findall(f".*{address}.*", LOCK) == []


def test_what_the_site_and_the_demo_need_is_not_installed_for_the_course():
    """A package of the course is in its lock only; Sphinx and Voilà in those beside it."""
    course, site, demo = (
        set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS
    )
    assert course & (site | demo) == set()
    assert {"sphinx", "myst-nb", "sphinx-book-theme"} <= site
    assert {"voila", "jupyterlab-slideshow"} <= demo


def test_the_lock_can_be_installed_by_its_own_installer():
    # The Makefile cuts these lines out of the lock to install uv, hash and all.
    stanza = re.search(r"^uv==.*?^ *# via", LOCK, re.MULTILINE | re.DOTALL)
    assert stanza
    assert stanza[0].count("--hash=") > 5
    assert stanza[0].count("==") == 1


def test_jupyterlab_neither_asks_for_news_nor_looks_for_updates():
    overrides = json.loads((ROOT / "labconfig" / "default_setting_overrides.json").read_text())
    notification = overrides["@jupyterlab/apputils-extension:notification"]
    assert notification == {"fetchNews": "false", "checkForUpdates": False}


def test_every_way_to_start_it_brings_these_settings():
    """With conda and uv as with `make lab`, whose page tests/test_loopback.py and others open."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    starts = re.findall(r"^.*\bjupyter lab .*$", readme, re.MULTILINE)
    assert len(starts) == 2
    assert all(start.startswith('JUPYTER_CONFIG_PATH="$PWD" ') for start in starts)
