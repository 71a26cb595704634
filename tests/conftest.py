"""Fixtures: a JupyterLab server, a browser page in it, the oldest allowed ipykernel.

REQUIRE_BROWSER=1 turns what would be skipped for want of Chromium or of the
package registry into a failure: for machines that are meant to have both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest
from packaging.version import Version
from playwright.sync_api import Browser

from helpers.course.place import VARIABLE as FOLDER
from helpers.experiment.pace import VARIABLE
from tests.harness.browser import NO_CHROMIUM, LabPage, browser, chromium
from tests.harness.kernels import RegistryError, oldest_allowed, overlay, write_kernelspec
from tests.harness.labserver import REPO, LabServer, lab_server
from tests.harness.sharing import Together

LABCONFIG = REPO / "labconfig"
FAILED = pytest.StashKey[bool]()


def installed(version: str) -> bool:
    """Whether that is the version of ipykernel in this environment: "7.4" is 7.4.0."""
    return Version(version) == Version(metadata.version("ipykernel"))


KERNELS = ["newest"] if installed(oldest_allowed("ipykernel")) else ["newest", "oldest"]


def missing(what: str) -> NoReturn:
    """Skip the test for want of something; fail it where REQUIRE_BROWSER=1."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what} (REQUIRE_BROWSER=1)", pytrace=False)
    pytest.skip(what)


#: The files that take longest: begun first, so that those that run side by side end together.
LONGEST = ("test_nbval.py", "test_course_panels.py", "test_notebooks_run_all.py", "test_labs.py",
           "test_lab.py")  # fmt: skip
#: Files whose tests need nothing of one another: each may run on a worker of its own. Not
#: test_nbval.py: whole notebooks measure, and two that do so at once disturb each other. Nor
#: the browser's: tests of one file share a page.
APART = ("test_notebooks_run_all.py", "test_labs.py")


def pytest_configure(config: pytest.Config) -> None:
    """Where xdist's workers share the tests out, a file stays together."""
    if config.getoption("dist", default="no") == "loadfile":
        config.pluginmanager.register(Together(APART))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the longest files first, all others in their order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember whether a test failed, for fixtures that then leave something to look at."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session", autouse=True)
def course_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for this session's diary and reports, in every process that a test starts.

    What tests predict and measure is nobody's progress.
    """
    folder = tmp_path_factory.mktemp("course")
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder)
    yield folder
    os.environ.pop(FOLDER)
    if before is not None:
        os.environ[FOLDER] = before


@pytest.fixture(scope="session")
def jupyter_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the server's JUPYTER_PATH: kernelspecs in it are on offer at once.

    It has what Binder's image has: the extension for links to a cell.
    """
    folder = tmp_path_factory.mktemp("jupyter-path")
    shutil.copytree(LABCONFIG / "labextensions", folder / "labextensions")
    return folder


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, jupyter_path: Path) -> Iterator[LabServer]:
    """A JupyterLab server on an empty folder, shared by every test of the session.

    Its kernels measure in haste, one round: what is looked at here is the page.
    """
    root = tmp_path_factory.mktemp("lab")
    with lab_server(root, jupyter_path=jupyter_path, env={VARIABLE: "few"}) as server:
        yield server


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A headless Chromium, shared by the tests of a module.

    Not of the session: as long as it is open, `asyncio.run` fails in this
    thread (see `tests.harness.browser`), and tests of other modules use that.
    """
    if chromium() is None:
        missing(NO_CHROMIUM)
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def spare_pages(chrome: Browser) -> Iterator[list[LabPage]]:
    """The page of the module's last test, if that left it as it should be."""
    pages: list[LabPage] = []
    yield pages
    for page in pages:
        page.close()


@pytest.fixture
def lab_page(
    chrome: Browser,
    lab: LabServer,
    spare_pages: list[LabPage],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[LabPage]:
    """A page in JupyterLab with nothing opened; a failed test leaves a picture of it.

    It may have had other notebooks before, as a person's has. None after a failed test.
    """
    page, well = spare_pages.pop() if spare_pages else LabPage(lab, chrome), False
    try:
        yield page
        well = not request.node.stash.get(FAILED, False)
        if not well:
            page.page.screenshot(path=tmp_path / "failed.png")
            print(f"\nwhat the page showed: {tmp_path / 'failed.png'}")
        well = well and page.clear()
    finally:
        if well:
            spare_pages.append(page)
        else:
            page.close()


@pytest.fixture(scope="session")
def oldest_ipykernel(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """The oldest ipykernel that pyproject.toml allows: version, and environment to use it."""
    version = oldest_allowed("ipykernel")
    if installed(version):
        return metadata.version("ipykernel"), {}
    try:
        return version, overlay("ipykernel", version, tmp_path_factory.mktemp("oldest"))
    except RegistryError as error:
        reason = str(error)
    missing(reason)


@pytest.fixture(scope="session")
def oldest_kernel(oldest_ipykernel: tuple[str, dict[str, str]], jupyter_path: Path) -> str:
    """The name of the kernelspec in the `lab` server that has the oldest ipykernel."""
    _, env = oldest_ipykernel
    write_kernelspec(jupyter_path, "oldest", env=env)
    return "oldest"


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> str | None:
    """The kernelspec to open a notebook with: its own, then one of the oldest ipykernel.

    Only its own where that has the oldest that is allowed.
    """
    return None if request.param == "newest" else request.getfixturevalue("oldest_kernel")
