"""A file without a name that two processes share: bulk data beside a pipe of short lines."""

from __future__ import annotations

import mmap
import os
import tempfile


class SharedFile:
    """An anonymous file. The parent makes it, a child opens it by its descriptor.

    It has no name on any disk, so nothing is left behind, whoever dies first.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._file = None
        if descriptor is None:
            if hasattr(os, "memfd_create"):
                descriptor = os.memfd_create("course")
            else:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
                descriptor = self._file.fileno()
        self.descriptor = descriptor

    def clear(self, size: int) -> None:
        """Make it `size` bytes long, all zero."""
        os.ftruncate(self.descriptor, 0)
        os.ftruncate(self.descriptor, size)

    def write(self, data: bytes) -> None:
        """Replace the content by `data`."""
        os.ftruncate(self.descriptor, 0)
        view, at = memoryview(data), 0
        while at < len(view):
            at += os.pwrite(self.descriptor, view[at:], at)

    def read(self) -> bytes:
        """The whole content."""
        size, parts, at = os.fstat(self.descriptor).st_size, [], 0
        while at < size:
            part = os.pread(self.descriptor, size - at, at)
            if not part:
                break
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def map(self, size: int) -> mmap.mmap:
        """The first `size` bytes as shared memory."""
        return mmap.mmap(self.descriptor, size)

    def close(self) -> None:
        """Let it go; the memory is free when both sides have."""
        if self._file is not None:
            self._file.close()
        elif self.descriptor >= 0:
            os.close(self.descriptor)
        self._file, self.descriptor = None, -1
