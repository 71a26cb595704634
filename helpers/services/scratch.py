"""A folder that is gone when its owner is: `scratch_folder()`, and the process that keeps it."""

from __future__ import annotations

import signal
from pathlib import Path

from .service import Served, Service


def folder_service() -> Service:
    """A service that keeps a temporary folder, its `folder`, and does nothing else."""
    return Service("helpers.services.scratch", mb=20)


class ScratchFolder(Served):
    """A temporary folder at `path`, removed at `close()` or when the owner ends, however.

    ``folder / "name"`` is a path in it. In another process it is only the path.
    """

    def __init__(self) -> None:
        self._service = folder_service()
        self.path = self._service.folder

    def __truediv__(self, name: str) -> Path:
        return self.path / name


def scratch_folder() -> ScratchFolder:
    """A temporary folder that is removed when this kernel ends, also when it is killed."""
    return ScratchFolder()


if __name__ == "__main__":
    from .keeper import Keeper

    Keeper().announce()
    signal.pause()
