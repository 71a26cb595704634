"""Where the course can be run: its repository's name, and addresses on Binder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
#: What stands for the repository's name in a copy that doesn't know its own.
UNKNOWN = "OWNER/REPO"


def repository() -> str | None:
    """The repository's name on GitHub, "owner/repo", as pyproject.toml says; None: unknown."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    name = project["tool"]["course"]["repository"]
    return None if name == UNKNOWN else name


def binder(repository: str | None, file: str, cell: str | None = None) -> str | None:
    """The address of a file on Binder, in JupyterLab, at the cell with that id.

    `file` is relative to the repository. None where there is no repository.
    """
    if repository is None:
        return None
    inside = f"lab/tree/{quote(file)}" + (f"?cell={cell}" if cell else "")
    # labconfig/labextensions reads ?cell=. What comes after urlpath= is one value.
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath={quote(inside, safe='/')}"


def jupyter_anchor(title: str) -> str:
    """The anchor that JupyterLab gives a heading, which the notebooks' links use."""
    return title.replace(" ", "-")
