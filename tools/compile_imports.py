"""Compiles what the course imports, by importing it: ``python -m tools.compile_imports``.

Of the ten thousand files of an environment JupyterLab, a kernel and the notebooks import a third;
compiling all of them took more than half of the time that a fresh `make lab` did. matplotlib
lists the machine's fonts on the way, so that the first picture need not.
"""

from __future__ import annotations

import os
import subprocess
import sys

#: Modules by the process that imports them; about as long a work for each of two cores.
SHARES = (
    ("jupyterlab.labapp", "jupyter_lsp", "jupyter_server_terminals", "notebook_shim",
     "jupyter_server.services.contents.largefilemanager", "nbconvert.exporters", "distributed",
     "pandas"),
    ("ipykernel.kernelapp", "ipykernel_launcher", "debugpy.server.api", "jedi.api", "ipywidgets",
     "anywidget", "matplotlib.font_manager", "matplotlib.pyplot", "matplotlib.backends.backend_agg",
     "matplotlib.backends.backend_svg", "PIL.Image", "sklearn.cluster", "sklearn.linear_model",
     "sklearn.model_selection", "aiohttp", "aiosqlite", "httpx2", "psycopg",
     "cloudpickle", "fastjsonschema", "psutil", "nest_asyncio", "threadpoolctl"),
)  # fmt: skip
#: Goes on after a module that is not there or can't be loaded: who needs it will say so.
IMPORT = """
import contextlib, importlib, sys
for name in sys.argv[1:]:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
"""


def main() -> int:
    """Import each share in a process of its own, at the same time; the exit code."""
    environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # debugpy says less
    # Where it is set, as in images of containers, nothing would be kept.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    processes = [subprocess.Popen([sys.executable, "-c", IMPORT, *names], env=environment)
                 for names in SHARES]  # fmt: skip
    return max(process.wait() for process in processes)


if __name__ == "__main__":
    sys.exit(main())
