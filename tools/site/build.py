"""Makes the site from its sources with Sphinx: every warning is an error."""

from __future__ import annotations

import io
import shutil
from collections.abc import Collection
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from .address import ROOT
from .execute import executed
from .sources import write_sources


class SiteFailed(RuntimeError):
    """Sphinx could not make the site, or complained; the message is its own."""


def build_site(
    target: Path, work: Path, repository: str | None, only: Collection[str] | None = None
) -> Path:
    """Write the site to `target`; its front page.

    `work` keeps what was run. `only` holds the stems of the notebooks to run, None for all;
    those left out have no results. Raises SiteFailed, and CellFailed for a notebook.
    """

    def execute(notebook: Path) -> NotebookNode:
        if only is not None and notebook.stem not in only:
            return nbformat.read(notebook, as_version=4)
        return executed(notebook, work / "executed")

    sources = work / "sources"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    write_sources(sources, execute, repository)
    shutil.rmtree(target, ignore_errors=True)
    complaints = io.StringIO()
    # In this process, which has loaded nbformat already: that takes longer than ten pages do.
    try:
        with docutils_namespace(), patch_docutils(ROOT / "docs"):
            app = Sphinx(
                sources, ROOT / "docs", target, work / "doctrees", "html",
                status=None, warning=complaints, freshenv=True, warningiserror=True,
            )  # fmt: skip
            app.build(force_all=True)
    except SphinxError as error:
        raise SiteFailed(f"Sphinx could not make the site.\n{error}") from error
    if app.statuscode or complaints.getvalue():
        raise SiteFailed(f"Sphinx complains.\n{complaints.getvalue()}")
    return target / "index.html"
