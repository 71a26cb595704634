"""Rows on the replay: frames a second while thousands of tasks play, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

from . import chromium
from .rows import Row, in_pairs

REPEATS = 5

#: Frames a second that the page is offered, from now until `seconds` have gone or it says so.
COUNT = """(seconds) => new Promise((done) => {
  let frames = 0;
  const begin = performance.now();
  const frame = (now) => {
    frames += 1;
    const over = seconds === null ? window.playing.disabled || !window.moves()
                                  : now - begin > seconds * 1000;
    if (over) done(frames / ((now - begin) / 1000));
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


def replay() -> Iterator[Row]:
    """Needs Chromium and the test tools; gives no rows, and says so, without them.

    The run is a made-up one of 5,000 tasks: how fast it is drawn does not depend on who made it.
    """
    if chromium.missing("the replay"):
        return
    from tests.browser.conftest import page_with, play_in
    from tests.harness.browser import browser
    from tests.harness.sample_runs import MANY, comparison, many

    ours, peer = [], []
    with browser() as chrome:
        page = page_with(chrome, "replay")
        for _ in range(REPEATS):
            peer.append(page.evaluate(COUNT, 2))
            play_in(page, comparison(many()))
            page.get_by_label("Speed").last.select_option(index=0)
            page.evaluate("""() => {
              window.playing = [...document.querySelectorAll('button')].find(
                (b) => b.textContent.trim() === 'Play' && b.offsetParent);
              window.moves = () => window.playing.textContent.trim() !== 'Play';
              window.playing.click();
            }""")
            ours.append(page.evaluate(COUNT, None))
            page.evaluate("() => { built.destroy(); built.element.remove(); }")
        page.context.close()
    beside = f"an empty page: {min(peer):.0f} to {max(peer):.0f} /s"
    yield Row(f"replay of {MANY:,} tasks, frames a second", ours, "/s", 50, beside,
              least=True)  # fmt: skip
    yield Row("the same, share of the frames of an empty page",
              [100 * share for share in in_pairs(ours, peer)], "%")  # fmt: skip
