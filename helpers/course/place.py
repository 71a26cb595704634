"""Where the course keeps what belongs to the learner, and which notebook is asking."""

from __future__ import annotations

import os
import re
import secrets
import sys
from functools import cache
from pathlib import Path

#: Names another folder for the diary and the reports.
VARIABLE = "COURSE_FOLDER"
PROJECT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """The folder that COURSE_FOLDER names, or ``.course`` in the course's own folder.

    Where `helpers` is installed apart from the notebooks: ``.course`` where Python was
    started. The folder may not exist yet.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    root = PROJECT if (PROJECT / "notebooks").is_dir() else Path.cwd()
    return root / ".course"


def notebook() -> str | None:
    """The file name of the notebook whose kernel this is, without its folders.

    None where nobody says: only JupyterLab's server and VS Code do.
    """
    told = os.environ.get("JPY_SESSION_NAME") or getattr(
        sys.modules.get("__main__"), "__vsc_ipynb_file__", ""
    )
    name = re.split(r"[/\\]", str(told))[-1]
    return name if name.endswith(".ipynb") else None


def session() -> str:
    """A name for this process: random, so that it says nothing about the machine."""
    return _session_of(os.getpid())  # a fork is another one


@cache
def _session_of(pid: int) -> str:
    return secrets.token_hex(4)


# A path on this machine says who its user is. A path begins where no word, tag or
# address is under way, and has at least one folder; only its last part stays.
_POSIX = re.compile(r"""(?<![\w./:<="-])~?/(?:[^\s/<>"'&;:,]+/)+([^\s/<>"'&;:,]*)""")
_WINDOWS = re.compile(r"""\b[A-Za-z]:\\(?:[^\\<>"'&;:,]+\\)*([^\s\\<>"'&;:,]*)""")


def without_folders(text: str) -> str:
    """`text` with the file names of its paths only: ``/home/ada/x.py`` becomes ``x.py``."""
    home = str(Path.home())
    if len(home) > 3:  # a name in it may hold a space; "/" and the like say nothing
        text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
    for pattern in (_POSIX, _WINDOWS):
        text = pattern.sub(lambda match: match[1] or "…", text)
    return text
