"""The site: a page for every notebook, nothing from elsewhere, quizzes that work by themselves."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
import shutil
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from ipywidgets.embed import embed_data
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page, expect

pytest.importorskip("myst_nb", reason="Sphinx is missing: run `make test`")

from helpers import charts
from helpers.charts.theme import STYLE
from helpers.course.outline import OUTLINE
from helpers.course.quizzes import find
from helpers.experiment.pace import VARIABLE as ROUNDS
from helpers.widgets.replay import Replay
from tests.harness.accessible import (
    COLOURS,
    REVIVED,
    ZOOMED,
    bare_figures,
    calls,
    spills,
    violations,
)
from tests.harness.foreign import foreign, watched
from tests.harness.sample_runs import three
from tools.site import execute
from tools.site.address import ROOT, binder
from tools.site.build import SiteFailed, build_site
from tools.site.embed import STATE, VIEW, embedded
from tools.site.sources import _figure, site_notebooks, write_sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

REPOSITORY = "someone/a-course"
RUN = ROOT / "notebooks" / "00-start-here.ipynb"  # figures, a panel and a quiz
TOUR = ROOT / "docs" / "tour.ipynb"  # what it runs and what it quotes is the code of today
MOST_TABS = 80


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what was run and for Sphinx's sources."""
    return tmp_path_factory.mktemp("site-work")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, work: Path) -> Path:
    """The site, one of its notebooks run in haste."""
    target = tmp_path_factory.mktemp("site") / "html"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in watched(work / "net.log", {ROUNDS: "few"}).items():
            patch.setenv(name, value)
        build_site(target, work, REPOSITORY, only=[RUN.stem, TOUR.stem])
    return target


class Tags(HTMLParser):
    """All tags of a page, in their order: (name, attributes)."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name in names]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Tags]:
    """The tags of every page, by its address in the site."""
    found = (page for page in site.rglob("*.html") if "_static" not in page.parts)
    return {page.relative_to(site).as_posix(): Tags(page) for page in found}


def links(tags: Tags) -> set[str]:
    return {one["href"] for one in tags.all("a") if "href" in one}


# --- the pages -----------------------------------------------------------------------------


def test_every_notebook_and_lab_has_a_page_that_the_front_page_names(site, pages):
    expected = {f"{one.folder}/{one.stem}.html" for one in OUTLINE}
    assert expected <= pages.keys()
    assert expected == {f"{n.parent.name}/{n.stem}.html" for n in site_notebooks()}
    article = (site / "index.html").read_text().partition("<article")[2].partition("</article")[0]
    assert {page for page in expected if f'href="{page}"' in article} == expected
    docs = [one.stem for one in (ROOT / "docs").iterdir() if one.suffix in (".md", ".ipynb")]
    assert {f"docs/{stem}.html" for stem in docs if stem != "index"} <= pages.keys()
    assert 'href="docs/tour.html"' in article


def test_a_page_has_one_title_and_leaves_no_level_out(pages):
    for name, tags in pages.items():
        levels = [int(tag[1]) for tag, _ in tags.found if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1, name
        assert levels[0] == 1, name
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), (name, levels)


def test_what_it_is_made_of_asks_nobody_elsewhere(site, work):
    assert foreign(work / "net.log") == []


def test_no_page_loads_anything_from_elsewhere(site, pages):
    for name, tags in pages.items():
        for one in tags.all("script", "link", "img", "source", "iframe", "object", "embed", "use"):
            for address in (one.get("src", ""), one.get("href", ""), one.get("srcset", "")):
                assert not re.match(r"([a-z]+:)?//", address), f"{name} loads {address}"
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+([^;]+)", sheet.read_text()):
            assert not re.match(r"['\"]?([a-z]+:)?//", "".join(address)), (sheet.name, address)


def test_every_link_within_the_site_leads_somewhere(site, pages):
    ids = {
        name: {one["id"] for _, one in tags.found if "id" in one} for name, tags in pages.items()
    }
    for name, tags in pages.items():
        for link in links(tags):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = urllib.parse.unquote(link).partition("#")
            there = (site / name).parent / path if path else site / name
            assert there.exists(), f"{name} links to {link}"
            page = there.resolve().relative_to(site.resolve()).as_posix()
            assert not anchor or anchor in ids[page], f"{name} links to {link}"


def test_a_notebook_that_was_run_shows_its_figures_and_no_error(site, pages):
    page = f"notebooks/{RUN.stem}.html"
    text = (site / page).read_text()
    assert text.count("<figure>") >= 2
    assert "The figures on this page were measured on CPython" in text
    pictures = [one for one in pages[page].all("svg") if one.get("role") == "img"]
    assert pictures
    assert all(len(one.get("aria-label", "")) > 40 for one in pictures)
    for one in pages.values():
        classes = {name for each in one.all("div") for name in each.get("class", "").split()}
        assert not classes & {"stderr", "traceback", "widget-subarea"}
    assert STYLE not in text  # once, in a style sheet of the site


def test_binder_links_lead_to_the_cell(pages):
    assert binder(REPOSITORY, "notebooks/00-start-here.ipynb", "panel") == (
        "https://mybinder.org/v2/gh/someone/a-course/HEAD"
        "?urlpath=lab/tree/notebooks/00-start-here.ipynb%3Fcell%3Dpanel"
    )
    document = nbformat.read(RUN, as_version=4)
    (panel,) = (cell.id for cell in document.cells if "panel(" in cell.source)
    found = links(pages[f"notebooks/{RUN.stem}.html"])
    cells = {link.partition("%3D")[2] for link in found if "%3Fcell%3D" in link}
    assert panel in cells
    assert "quiz" not in cells  # a section that has nothing to run
    assert cells <= {cell.id for cell in document.cells}
    assert len(cells) > 3


def test_a_copy_that_does_not_know_its_address_links_to_no_binder(tmp_path):
    write_sources(tmp_path, lambda path: nbformat.read(path, as_version=4), None)
    texts = [path.read_text() for path in tmp_path.rglob("*.ipynb")]
    assert len(texts) == len(site_notebooks()) + len(list((ROOT / "docs").glob("*.ipynb")))
    assert not any("mybinder" in text for text in texts)
    assert all("<code>make lab</code> opens" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a link](nowhere.md)", "nowhere"),
        ("```{literalinclude} /quoted.py\n:pyobject: renamed\n```", "renamed"),
        ("```{literalinclude} /quoted.py\n:start-at: gone\n```", "gone"),
        ("```{literalinclude} /moved.py\n```", "moved"),
    ],
    ids=["link", "function", "line", "file"],
)
def test_what_sphinx_complains_of_is_an_error(tmp_path, monkeypatch, text, complaint):
    def sources(target: Path, *_: object) -> None:
        (target / "static").mkdir()
        (target / "quoted.py").write_text("def function():\n    pass\n")
        (target / "index.md").write_text(f"# A page\n\n{text}\n")

    monkeypatch.setattr("tools.site.build.write_sources", sources)
    with pytest.raises(SiteFailed, match=complaint):
        build_site(tmp_path / "html", tmp_path, None)


def test_the_tour_quotes_the_code_and_shows_a_run(site, pages):
    """What is quoted stands in the page as it stands in the file; what was run has its data."""
    page = (site / "docs" / "tour.html").read_text()
    words = html.unescape(re.sub(r"<[^>]+>", "", page))
    source = "\n".join(cell.source for cell in nbformat.read(TOUR, as_version=4).cells)
    quoted = re.findall(r"\{literalinclude\} /(\S+)\n:pyobject: (\S+)", source)
    assert len(quoted) > 10
    assert "literalinclude" not in words
    for file, name in quoted:
        assert f"{file}, {name}" in words
    for line in (ROOT / "helpers/models/threads.py").read_text().splitlines()[-5:]:
        assert line in words
    pictures = [one for one in pages["docs/tour.html"].all("svg") if one.get("role") == "img"]
    assert any("imports from" in one["aria-label"] for one in pictures)  # the rooms
    assert any("asyncio" in one["aria-label"] for one in pictures)  # the timeline
    assert "Task 7, as it was stamped" in words
    assert "'do': 'run', 'model': 'threads', 'tasks': 20" in words


# --- running and embedding -----------------------------------------------------------------


def test_a_notebook_is_run_again_only_when_its_code_has_changed(site, work, tmp_path, monkeypatch):
    monkeypatch.setenv(ROUNDS, "few")
    runs = []
    monkeypatch.setattr(execute, "_run", lambda document, path: runs.append(path))
    again = execute.executed(RUN, work / "executed")
    assert runs == []
    assert any(cell.outputs for cell in again.cells if cell.cell_type == "code")
    assert "CPython" in again.metadata["course"]["machine"]

    document = nbformat.read(RUN, as_version=4)
    document.cells[0].source += "\n\nOne more sentence."
    copy = tmp_path / RUN.name
    nbformat.write(document, copy)
    for helper in RUN.parent.glob("*.py"):  # part of what a run depends on
        (tmp_path / helper.name).write_bytes(helper.read_bytes())
    assert "One more" in execute.executed(copy, work / "executed").cells[0].source
    assert runs == []
    document.cells[-2].source += "  # changed"
    nbformat.write(document, copy)
    execute.executed(copy, work / "executed")
    assert runs == [copy]


def test_a_cell_that_fails_ends_the_build(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [new_code_cell("1 / 0", id="by-nothing")]
    nbformat.write(new_notebook(cells=cells), folder / "bad.ipynb")
    with pytest.raises(execute.CellFailed, match=r"bad\.ipynb(.|\n)*ZeroDivisionError"):
        execute.executed(folder / "bad.ipynb", tmp_path / "executed")
    assert not list(tmp_path.glob("executed/*"))


def shown(*models: dict) -> str:
    """What becomes of a cell that shows these widgets, one after the other."""
    outs = [new_output("display_data", {VIEW: {"model_id": str(n)}, "text/plain": "x"})
            for n in range(len(models))]  # fmt: skip
    notebook = new_notebook(cells=[new_markdown_cell("# A"), new_code_cell("a", outputs=outs)])
    notebook.metadata["widgets"] = {STATE: {"state": {str(n): m for n, m in enumerate(models)}}}
    embedded(notebook, {notebook.cells[1].id: "https://mybinder.org/here"})
    assert "widgets" not in notebook.metadata
    return "".join(out["data"]["text/html"] for out in notebook.cells[1].outputs)


def test_controls_that_need_a_kernel_become_one_line():
    text = shown({"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_1"]}}, {})
    assert text.count('<p class="course-live">') == 2
    assert text.count('href="https://mybinder.org/here"') == 2
    assert "IPY_MODEL" not in text


def test_a_replay_goes_into_the_page_with_its_numbers():
    numbers = base64.b64encode(bytes(range(8))).decode()
    state = {"_anywidget_id": "helpers.widgets.replay.Replay", "_esm": "code",
             "replay_data": {"title": "</script><script>alert(1)</script>"}}  # fmt: skip
    text = shown({"state": state, "buffers": [{"path": ["numbers"], "data": numbers}]})
    assert 'data-widget="replay"' in text
    assert text.count("</script>") == 1
    held = json.loads(text.partition('json">')[2].partition("</script>")[0])
    assert held["state"] == {"replay_data": state["replay_data"]}
    assert held["buffers"] == [{"path": ["numbers"], "data": numbers}]


def test_a_text_has_a_figure_of_a_notebook_with_its_data():
    shown = charts.comparison_html(three())
    outs = [new_output("display_data", {"text/html": shown})]
    done = {"a.ipynb": new_notebook(cells=[new_code_cell("a", id="one", outputs=outs),
                                           new_code_cell("b", id="not-run")])}  # fmt: skip
    text = _figure(done, "a.ipynb", "one")
    assert (text.count("<figure>"), text.count("<details>")) == (1, 1)
    assert "<caption>By model" in text
    assert not re.search(r"\n\s*\n", text)
    assert _figure(done, "a.ipynb", "not-run") == ""
    with pytest.raises(LookupError):
        _figure(done, "a.ipynb", "none")


def test_a_figure_links_to_pages():
    link = '<a href="02-key-differences.ipynb#Row-4:-performance">x</a>'
    cell = new_code_cell("a", outputs=[new_output("display_data", {"text/html": link})])
    embedded(new_notebook(cells=[cell]), {})
    assert 'href="02-key-differences.html#row-4-performance"' in cell.outputs[0].data["text/html"]


def test_a_quiz_is_the_one_of_today():
    state = {"_anywidget_id": "helpers.widgets.quiz.QuizWidget", "before": [],
             "quiz_data": {"name": "00-start-here", "questions": []}}  # fmt: skip
    text = shown({"state": state})
    held = json.loads(text.partition('json">')[2].partition("</script>")[0])
    assert held["state"]["quiz_data"]["questions"] == json.loads(
        json.dumps(find("00").as_data()["questions"])
    )


# --- in a browser, opened as a file ----------------------------------------------------------


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A page in the dark theme; nothing that it asks for may be elsewhere."""
    context = chrome.new_context(color_scheme="dark")
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    yield page
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "blob:null", "data:"))] == []
    assert complaints == []


@pytest.mark.browser
def test_a_quiz_is_answered_by_keyboard(page: Page, site: Path) -> None:
    page.goto((site / "notebooks" / f"{RUN.stem}.html").as_uri())
    questions = find("00").questions
    number = next(n for n, question in enumerate(questions) if question.options)
    right = next(n for n, option in enumerate(questions[number].options) if option.right)
    form, keys = page.locator(".cav-quiz-question").nth(number), page.keyboard
    expect(form.get_by_role("status")).to_have_text("")
    form.get_by_role("radio").nth(right).focus()
    keys.press("Space")
    expect(form.get_by_role("radio").nth(right)).to_be_checked()
    check = form.get_by_role("button", name="Check")
    for _ in range(MOST_TABS):
        if check.evaluate("element => element === document.activeElement"):
            break
        keys.press("Tab")
    keys.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("Right.")
    score = page.locator(".cav-quiz-score")
    expect(score).to_have_text(f"1 of {len(questions)} answered right")
    # figures and outputs on the dark ground of the page, not on the theme's light one
    grounds = page.evaluate(
        """() => [...document.querySelectorAll("body, .text_html, .cav-figure, .cav-quiz")]
            .map((one) => getComputedStyle(one).backgroundColor)"""
    )
    assert len(grounds) > 5
    assert set(grounds) <= {"rgba(0, 0, 0, 0)", grounds[0]}
    assert grounds[0] == "rgb(18, 18, 18)"


@pytest.mark.browser
@pytest.mark.parametrize("name", ["search", f"notebooks/{RUN.stem}"])
def test_a_page_is_accessible(page: Page, site: Path, name: str) -> None:
    """One page without results and one with; `python -m tests.harness.accessible SITE`: all."""
    page.set_viewport_size({"width": 1280, "height": 800})
    asked = calls(page)
    for scheme, rules in (("dark", COLOURS), ("light", ())):
        page.emulate_media(color_scheme=scheme)  # before: a change of colours takes its time
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_function(REVIVED)
        found = violations(page, only=rules)
        assert not found, "\n".join(found)
    assert bare_figures(page, ["article"]) == []
    page.set_viewport_size(ZOOMED)
    assert spills(page, ["main"]) == []
    assert asked == []


@pytest.mark.browser
def test_a_replay_plays_without_a_kernel(page: Page, site: Path, tmp_path: Path) -> None:
    """As a notebook keeps it: what a kernel said of the widget, and nothing else."""
    widget = Replay(three())
    state = embed_data([widget], drop_defaults=False)["manager_state"]["state"]
    shutil.copytree(site / "_static", tmp_path / "_static")
    place = tmp_path / "page.html"
    script = '<script defer src="_static/widgets.js"></script>'
    place.write_text(
        f'<!doctype html><meta charset="utf-8">{script}{shown(state[widget.model_id])}'
    )
    widget.close()
    page.goto(place.as_uri())
    expect(page.get_by_role("img")).to_have_count(3)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


@pytest.mark.browser
def test_the_search_finds_a_word_without_a_server(page: Page, site: Path) -> None:
    page.goto((site / "search.html").as_uri() + "?q=barrier")
    expect(page.locator("#search-results li a").first).to_be_visible()
    assert "What are threads?" in page.locator("#search-results").inner_text()
