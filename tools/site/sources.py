"""The sources as Sphinx reads them: notebooks with results, texts, scripts, in one folder.

Files keep their places (``notebooks/``, ``labs/``, ``docs/``), so that the links between
them hold; only docs/index.md becomes the front page.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.charts.theme import STYLE
from helpers.course.outline import OUTLINE
from helpers.widgets.browser import module_and_style

from . import embed
from .address import ROOT, binder

_SECTION = re.compile(r"^(#{2,3} .+)$", re.M)
#: What a text may ask for: the first figure of a cell, the list of a folder's pages.
_FIGURE = re.compile(r"^<!-- figure (\S+) (\S+) -->$", re.M)
_PAGES = re.compile(r"^<!-- pages (\S+) -->$", re.M)
_ON_BINDER = "<!-- on binder -->"
_OPEN_RUN = "<!-- open run -->"
#: Sphinx takes lines out of the source itself: what is quoted can't drift.
_QUOTED = re.compile(r"\{literalinclude\} /([\w./-]+)")
_LINK = re.compile(r"\[([^\]]*)\]\((\.\./[^)#]*)(#[^)]*)?\)")
_CAPTIONS = {"notebooks": "Notebooks", "labs": "Labs", "docs": "More"}

#: Takes a notebook's path, gives the notebook with its results.
Execute = Callable[[Path], NotebookNode]


def write_sources(target: Path, execute: Execute, repository: str | None) -> None:
    """Write everything that the site is made from to `target`, an empty folder.

    Raises LookupError for a text that asks for the figure of a cell that is not there.
    """
    done: dict[str, NotebookNode] = {}
    for notebook in [*site_notebooks(), *_docs("*.ipynb")]:
        file = notebook.relative_to(ROOT).as_posix()
        document = execute(notebook)
        embed.embedded(document, {c.id: binder(repository, file, c.id) for c in document.cells})
        _say_where_it_runs(document, file, repository)
        done[file] = document
        if file.startswith("docs/"):
            for cell in document.cells:
                cell.source = _LINK.sub(lambda m: _link(m, done, repository), cell.source)
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(nbformat.writes(document), encoding="utf-8")
    for text in _docs("*.md"):
        place = target / (text.name if text.stem == "index" else f"docs/{text.name}")
        place.parent.mkdir(exist_ok=True)
        source = text.read_text(encoding="utf-8")
        source = _FIGURE.sub(lambda m: _figure(done, *m.groups()), source)
        source = _PAGES.sub(lambda m: _pages(*m.groups()), source)
        source = source.replace(_ON_BINDER, _on_binder(repository))
        source = source.replace(_OPEN_RUN, embed.run_opener())
        source = _LINK.sub(lambda m: _link(m, done, repository), source)
        place.write_text(source, encoding="utf-8")
    for picture in _docs("*.png"):
        shutil.copy(picture, target / "docs")
    _write_quoted(target)
    _write_static(target / "static")


def site_notebooks() -> list[Path]:
    """The notebooks that become pages, in their order."""
    found = [path for folder in ("notebooks", "labs") for path in (ROOT / folder).glob("*.ipynb")]
    return sorted(found, key=lambda path: (path.parent.name != "notebooks", path.name))


def _docs(pattern: str) -> list[Path]:
    """Files of docs/: texts, pictures, and notebooks for those who read the code."""
    return sorted((ROOT / "docs").glob(pattern))


def _write_quoted(target: Path) -> None:
    """Bring along the files of the repository that a page quotes from, as they are today."""
    for page in [*target.glob("docs/*.ipynb"), *target.glob("docs/*.md")]:
        for file in set(_QUOTED.findall(page.read_text(encoding="utf-8"))):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, target / file)


def _say_where_it_runs(document: NotebookNode, file: str, repository: str | None) -> None:
    """Below the title the machine, and how to run it oneself; in each section a link."""
    machine = document.metadata.get("course", {}).get("machine", "")
    said = f"The figures on this page were measured on {machine}. " if machine else ""
    here = binder(repository, file)
    way = f"<code>make lab</code> opens {file}"
    way = f'<a href="{here}">open it on Binder</a>, or {way}' if here else way
    line = f'\n\n<p class="course-run">{said}Run it yourself: {way}.</p>\n'
    for number, cell in enumerate(document.cells):
        if cell.cell_type != "markdown":
            continue
        if number == 0:
            title, _, rest = cell.source.partition("\n")
            cell.source = f"{title}{line}\n{rest.lstrip()}"
        elif here and _SECTION.match(cell.source) and _runs(document.cells[number + 1 :]):
            there = binder(repository, file, cell.id)
            title, _, rest = cell.source.partition("\n")
            link = f'<a href="{there}">Run this part on Binder</a>'
            cell.source = f'{title}\n\n<p class="course-part">{link}</p>\n\n{rest.lstrip()}'


def _runs(following: list[NotebookNode]) -> bool:
    """Whether a section has code to run; a quiz works in the page."""
    section = itertools.takewhile(
        lambda cell: cell.cell_type == "code" or not _SECTION.match(cell.source), following
    )
    return any(one.cell_type == "code" and not one.source.startswith("quiz(") for one in section)


def _figure(done: dict[str, NotebookNode], file: str, name: str) -> str:
    """The first picture among a cell's results, and its data; nothing where it was not run."""
    for cell in done[file].cells if file in done else []:
        if cell.id == name:
            shown = "".join(out.get("data", {}).get("text/html", "") for out in cell.outputs)
            found = re.search(r"<figure>.*?</figure>", shown, re.S)
            data = re.search(r"<details><summary>Data: .*?</details>", shown, re.S)
            # MyST ends a piece of HTML at an empty line
            parts = (one[0] for one in (found, data) if one)
            picture = re.sub(r"\n\s*\n", "\n", "".join(parts))
            machine = done[file].metadata.get("course", {}).get("machine", "")
            said = f'<p class="cav-small">Measured on {machine}.</p>' if machine else ""
            return f'<div class="cav-figure">{picture}{said}</div>' if found else ""
    raise LookupError(f"A text asks for the figure of cell {name!r} in {file}: there is none.")


def _on_binder(repository: str | None) -> str:
    address = binder(repository, "notebooks/00-start-here.ipynb")
    return f"Without installing anything: [open it on Binder]({address})." if address else ""


def _link(link: re.Match[str], done: dict[str, NotebookNode], repository: str | None) -> str:
    """A link out of docs/: to a page as it is, to another file of the repository on GitHub."""
    words, file = link[1], link[2].removeprefix("../")
    if file in done:
        return link[0]
    return f"[{words}](https://github.com/{repository}/blob/HEAD/{file})" if repository else words


def _pages(folder: str) -> str:
    """The pages of a folder: a hidden toctree, and the README's table or a list to be seen."""
    if folder == "docs":
        texts = [text for pattern in ("*.md", "*.ipynb") for text in _docs(pattern)]
        shown = {text: _title(text) for text in texts if text.stem != "index"}
        pages = {f"/docs/{text.stem}": title for text, title in shown.items()}
        seen = [f"- [{title}](/docs/{text.name})" for text, title in shown.items()]
    else:
        pages = {f"/{folder}/{one.stem}": one.title for one in OUTLINE if one.folder == folder}
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        (table,) = re.findall(
            rf"^\| \w+ \|.*\n\|[- |]+\|\n(?:\| \[.*\]\({folder}/.*\n)+", readme, re.M
        )
        seen = [table.replace(f"]({folder}/", f"](/{folder}/")]
    tree = [f"{title} <{page}>" for page, title in pages.items()]
    options = [f":caption: {_CAPTIONS[folder]}", ":hidden:", ""]
    return "\n".join(["```{toctree}", *options, *tree, "```", "", *seen])


def _title(text: Path) -> str:
    if text.suffix == ".ipynb":
        source = nbformat.read(text, as_version=4).cells[0].source
    else:
        source = text.read_text(encoding="utf-8")
    return source.partition("\n")[0].removeprefix("# ")


def _write_static(folder: Path) -> None:
    """Style sheets and scripts of the site, those of the widgets among them."""
    shutil.copytree(ROOT / "docs" / "site" / "static", folder)
    figures = STYLE.removeprefix("<style>").removesuffix("</style>")
    (folder / "figures.css").write_text(figures, encoding="utf-8")
    for name in embed.ALONE:
        module, style = module_and_style(name)
        # As text in a plain script: a page that was opened as a file may load no module.
        (folder / f"widget-{name}.js").write_text(
            f"courseWidgets.add({json.dumps(name)}, {json.dumps(module)});\n", encoding="utf-8"
        )
        (folder / f"widget-{name}.css").write_text(style, encoding="utf-8")
