"""A folder that is gone when its owner is: `scratch_folder()`, and the process that keeps it."""

from __future__ import annotations

import signal
from pathlib import Path

from .service import Service


class ScratchFolder:
    """A temporary folder at `path`, removed at `close()` or when the owner ends, however.

    ``folder / "name"`` is a path in it. In another process it is only the path.
    """

    def __init__(self) -> None:
        self._service: Service | None = Service("helpers.services.scratch")
        self.path = Path(self._service.facts["folder"])

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def close(self) -> None:
        """Remove the folder and all that is in it. Safe to call twice."""
        if self._service is not None:
            self._service.close()

    def __enter__(self) -> ScratchFolder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __getstate__(self) -> dict:
        return {"_service": None, "path": self.path}


def scratch_folder() -> ScratchFolder:
    """A temporary folder that is removed when this kernel ends, also when it is killed."""
    return ScratchFolder()


if __name__ == "__main__":
    from .keeper import Keeper

    Keeper().announce()
    signal.pause()
