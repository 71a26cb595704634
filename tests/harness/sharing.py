"""How pytest-xdist shares the tests out: a file's tests stay together on one worker."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    """A file's tests on one worker, so that they share a server and a browser.

    Each alone where its file's name is one of `apart`. Not by xdist's marks for groups: version
    3.8 loses them with pytest 9.2, without a word (pytest-xdist issue 1386).
    """

    def __init__(self, config: pytest.Config, log: Any, apart: tuple[str, ...]) -> None:
        super().__init__(config, log)
        self._apart = apart

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith(self._apart) else file


class Together:
    """Shares tests out by file, and fails a session in which a file was torn apart after all."""

    def __init__(self, apart: tuple[str, ...]) -> None:
        self._apart = apart
        self._ran_by: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> ByFile:
        return ByFile(config, log, self._apart)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note which worker ran a test."""
        file = report.nodeid.partition("::")[0]
        if hasattr(report, "node") and not file.endswith(self._apart):
            self._ran_by[file].add(report.node.gateway.id)

    def torn(self) -> list[str]:
        """The files whose tests ran on several workers."""
        return sorted(file for file, workers in self._ran_by.items() if len(workers) > 1)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.torn() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for file in self.torn():
            terminalreporter.write_line(f"{file} ran on several workers: see {__name__}", red=True)
