"""Folders here whose `sitecustomize.py` runs at the start of each Python process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def hooked(folder: str, env: Mapping[str, str]) -> dict[str, str]:
    """`env` with which a process, and all Python processes that it starts, begin with the hook.

    `folder` is the name of one beside this file. What is on this process's path stays on it.
    """
    here = Path(__file__).with_name(folder)
    paths = [str(here), *filter(None, [env.get("PYTHONPATH"), os.environ.get("PYTHONPATH")])]
    return {**env, "PYTHONPATH": os.pathsep.join(paths)}
