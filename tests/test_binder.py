"""Binder builds the course from binder/: asked of repo2docker itself, without a container."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("repo2docker", reason="repo2docker is missing: run `make test`")

from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import BuildPack, CondaBuildPack, PythonBuildPack

from tools.site import address

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def plan(monkeypatch):
    """Return a function that tells how Binder would build a folder: buildpack, Dockerfile."""

    def plan(folder: Path) -> tuple[BuildPack, str]:
        monkeypatch.chdir(folder)  # repo2docker looks at the current folder only
        binder = Repo2Docker()
        for buildpack in (kind(binder.base_image) for kind in binder.buildpacks):
            if buildpack.detect():
                break
        else:
            buildpack = binder.default_buildpack(binder.base_image)
        buildpack.platform = "linux/amd64"
        dockerfile = buildpack.render({"NB_USER": "jovyan", "NB_UID": "1000"})
        return buildpack, dockerfile.replace("\\\n", " ")

    return plan


def environments_installed(dockerfile: str) -> list[str]:
    """Return the environment files that the Dockerfile hands to `env update`, in its order."""
    return re.findall(r'env update .*?--file "([^"]+)"', dockerfile)


def test_binder_uses_conda_and_the_binder_folder(plan):
    buildpack, dockerfile = plan(ROOT)
    assert type(buildpack) is CondaBuildPack
    assert buildpack.binder_dir == "binder"
    assert environments_installed(dockerfile) == ["binder/environment.yml"]


def test_binder_has_the_python_that_is_pinned(plan):
    buildpack, _ = plan(ROOT)
    pin = re.search(r"- python=(.+)", (ROOT / "environment.yml").read_text())
    assert pin
    assert buildpack.python_version == pin[1]


def test_binder_runs_post_build_after_the_environment(plan):
    buildpack, dockerfile = plan(ROOT)
    assert buildpack.get_post_build_scripts() == ["binder/postBuild"]
    last_run = [line for line in dockerfile.splitlines() if line.startswith("RUN ")][-1]
    assert last_run == "RUN ./binder/postBuild"
    assert dockerfile.index("binder/environment.yml") < dockerfile.index(last_run)


def test_the_root_environment_alone_would_be_used(plan, tmp_path):
    shutil.copy(ROOT / "environment.yml", tmp_path)
    _, dockerfile = plan(tmp_path)
    assert environments_installed(dockerfile) == ["environment.yml"]


def test_beside_a_binder_folder_the_root_environment_is_ignored(plan, tmp_path):
    # Why binder/ holds a copy: without it, Binder would build a course without matplotlib.
    shutil.copy(ROOT / "environment.yml", tmp_path)
    (tmp_path / "binder").mkdir()
    shutil.copy(ROOT / "binder" / "postBuild", tmp_path / "binder")
    buildpack, dockerfile = plan(tmp_path)
    assert type(buildpack) is PythonBuildPack
    assert environments_installed(dockerfile) == []


def test_post_build_installs_the_package_and_the_settings(tmp_path):
    commands = tmp_path / "bin"
    commands.mkdir()
    python = commands / "python"
    # pip would need a network: the stand-in notes what it is asked, and runs the rest.
    python.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> "{tmp_path}/calls"\n'
        'if [ "$2" = pip ]; then exit 0; fi\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    prefix = tmp_path / "prefix"
    subprocess.run(
        ["./binder/postBuild"],
        cwd=ROOT,
        env=os.environ
        | {"PATH": f"{commands}:{os.environ['PATH']}", "NB_PYTHON_PREFIX": str(prefix)},
        check=True,
        timeout=60,
    )
    calls = (tmp_path / "calls").read_text().splitlines()
    assert "-m pip install --no-cache-dir --no-deps -e ." in calls
    settings = prefix / "share/jupyter/lab/settings/overrides.json"
    source = ROOT / "labconfig/default_setting_overrides.json"
    assert settings.read_text() == source.read_text()
    links = "share/jupyter/labextensions/async-vs-threads-links/static/remoteEntry.js"
    assert (prefix / links).is_file()


def test_nothing_is_compiled_or_found_out_at_a_visitors_first_click():
    """The image is built with byte code, a list of fonts, and one comparison that worked."""
    script = (ROOT / "binder" / "postBuild").read_text()
    steps = ["matplotlib.font_manager", "compileall -q helpers", "asyncio.run(compare("]
    assert [step for step in steps if step not in script] == []


# --- links ------------------------------------------------------------------------------

BINDER = re.compile(r"https://mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/HEAD\?urlpath=([^\s)]+)")


def addresses_of(text: str) -> list[tuple[str, str, str | None]]:
    """The links to Binder in a text, as (repository, file, cell)."""
    found = []
    for repository, inside in BINDER.findall(text):
        path, _, cell = unquote(inside).partition("?cell=")
        assert path.startswith("lab/tree/"), path
        found.append((repository, path.removeprefix("lab/tree/"), cell or None))
    return found


def test_the_readme_links_to_cells_that_are_there():
    links = addresses_of((ROOT / "README.md").read_text())
    files = {file for _, file, _ in links}
    notebooks = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks <= files
    assert sum(cell is not None for _, _, cell in links) >= len(notebooks)
    for _, file, cell in links:
        document = json.loads((ROOT / file).read_text())
        assert cell is None or cell in [one["id"] for one in document["cells"]], f"{file} {cell}"


def test_the_readme_and_the_project_name_one_repository():
    readme = (ROOT / "README.md").read_text()
    named = [name for name, _, _ in addresses_of(readme)]
    assert len(named) == readme.count("mybinder.org/v2/"), "a link of another form"
    assert set(named) == {address.repository() or address.UNKNOWN}
