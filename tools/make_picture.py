"""Make the README's picture anew: five computations in threads and in asyncio, as measured here.

``python -m tools.make_picture`` runs the comparison, draws it as a notebook does, and
photographs that in Chromium. The label below the picture says where and when.
"""

from __future__ import annotations

from pathlib import Path

from helpers import charts
from helpers.experiment import Experiment, make_request
from helpers.worker.client import Worker
from helpers.workloads import work
from tests.harness.browser import browser

TARGET = Path(__file__).resolve().parents[1] / "docs" / "threads-take-turns.png"


def main() -> None:
    """Write `TARGET`, and print what it shows."""
    worker = Worker()
    try:
        request = make_request(work.compute(ms=40), 5, models=["threads", "asyncio"])
        result = Experiment(worker).run(request)
    finally:
        worker.close()
    fragment = charts.timeline_html(list(result.traced.values()))
    label = f"Recorded: {result.machine.sentence()}"
    page_html = (
        '<body data-jp-theme-light="true" style="margin:16px;width:920px;background:#fff;'
        f'font-family:sans-serif"><style>details {{display: none}}</style>{fragment}'
        f'<p style="font-size:13px;color:#5B6B78">{label}</p></body>'
    )
    with browser() as chrome:
        page = chrome.new_page(viewport={"width": 952, "height": 200}, device_scale_factor=2)
        page.set_content(page_html)
        TARGET.parent.mkdir(exist_ok=True)
        page.screenshot(path=TARGET, full_page=True)
    print(*result.summary(), label, sep="\n")


if __name__ == "__main__":
    main()
