"""A run recorded line by line that shows itself; `replay` plays it."""

from __future__ import annotations

from ...experiment.lines import Recording
from ..fragments import _page, _paragraph, comparison_html, timeline_html
from ..results import _Shown


class ShownRecording(_Shown, Recording):
    """A recording that shows its timeline, below the warning that its times are slow."""

    def _fragment(self) -> str:
        if not self.complete():
            return comparison_html(self)
        runs = [self.traced[model] for model in self.models]
        timeline = timeline_html(runs, gil=self.machine.gil is not False)
        return _page(_paragraph(self.warning, "cav-recorded"), timeline)

    def _sentences(self) -> list[str]:
        return self.summary()
