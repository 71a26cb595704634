"""What goes with the course: the hub's configuration, the guides, the citation."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
HUB = ROOT / "docs" / "jupyterhub"
GUIDES = [ROOT / "docs" / "instructor-guide.md", ROOT / "docs" / "classroom.md"]


def read_yaml(path: Path):
    return YAML(typ="safe").load(path.read_text())


def test_a_learners_pod_is_guaranteed_what_it_may_use():
    """Kubernetes calls a pod guaranteed, and gives it cores of its own, only then."""
    user = read_yaml(HUB / "config.yaml")["singleuser"]
    for what in ("cpu", "memory"):
        assert user[what]["guarantee"] == user[what]["limit"]
    assert isinstance(user["cpu"]["limit"], int)
    assert user["cpu"]["limit"] >= 2


def test_a_learners_volume_does_not_hide_the_course():
    user = read_yaml(HUB / "config.yaml")["singleuser"]
    home = user["storage"]["homeMountPath"]
    assert home.startswith("/home/jovyan/")
    assert user["extraEnv"]["COURSE_FOLDER"].startswith(home)
    assert home.endswith(user["extraEnv"]["NBGITPULLER_PARENTPATH"])
    assert (ROOT / user["defaultUrl"].removeprefix("/lab/tree/")).is_file()


def test_the_script_for_one_machine_can_be_read_and_finds_its_files():
    script = HUB / "tljh.sh"
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text()
    for source in re.findall(r'"\$course/([\w/.-]+)"', text):
        assert (ROOT / source.removesuffix("/.")).exists(), source
    for beside in re.findall(r'"\$here/([\w.]+)"', text):
        assert (HUB / beside).is_file(), beside


def test_the_hub_reads_its_python_file():
    c = SimpleNamespace(Spawner=SimpleNamespace(), SystemdSpawner=SimpleNamespace())
    exec((HUB / "tljh_course.py").read_text(), {"get_config": lambda: c})
    assert c.Spawner.environment["COURSE_FOLDER"].startswith("~/")
    assert set(c.SystemdSpawner.unit_extra_properties) == {"TasksMax", "LimitNOFILE"}


def test_both_hubs_give_the_same():
    user = read_yaml(HUB / "config.yaml")["singleuser"]
    script = (HUB / "tljh.sh").read_text()
    assert f"limits.memory {user['memory']['limit']}" in script
    assert f"limits.cpu {user['cpu']['limit']}" in script


def test_the_guide_has_a_page_for_each_notebook():
    pages = re.findall(r"^## (\d\d) ", GUIDES[0].read_text(), re.MULTILINE)
    assert pages == [path.name[:2] for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


def test_the_guide_names_the_minutes_that_a_notebook_names():
    words = {"ten": 10}
    text = GUIDES[0].read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        title = "".join(json.loads(path.read_text())["cells"][0]["source"])
        (said,) = re.findall(r"takes about (\w+) minutes", title)
        page = text.partition(f"## {path.name[:2]} ")[2]
        (minutes,) = re.match(r"[^\n]*\n\n\*\*(\d+) minutes", page).groups()
        assert int(minutes) == words.get(said) or int(minutes) == int(said), path.name


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_is_calm_and_its_links_lead_somewhere(guide):
    text = guide.read_text()
    prose = re.sub(r"```.*?```|`[^`]*`|\$\{?!", "", text, flags=re.DOTALL)
    assert "!" not in prose
    for target in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (guide.parent / target).exists(), target
    for path in re.findall(r"`((?:docs|tools|labs|notebooks)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_guides_link_to_a_cell_that_is_there():
    links = re.findall(r"REPO(\S+ipynb)%3Fcell%3D([\w-]+)", GUIDES[1].read_text())
    assert links
    for path, cell in links:
        document = json.loads((ROOT / unquote(path).lstrip("/")).read_text())
        assert cell in [one["id"] for one in document["cells"]]


def test_the_citation_says_what_the_project_says():
    """The file itself was checked against its schema, version 1.2.0, when it was written."""
    citation = read_yaml(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert all("name" in author or "family-names" in author for author in citation["authors"])
