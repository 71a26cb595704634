"""An advice that shows itself: the answer, why, the picture, the code, when it changes."""

from __future__ import annotations

from html import escape

from ...advisor.advise import Advice
from ...advisor.rules import FOREIGN
from ...advisor.words import counted, duration, percent, size
from ...experiment.limits import CONTROL_SHOWS
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph, _title
from ..results import _Shown
from ..words import listed, times


class ShownAdvice(_Shown, Advice):
    """An advice with its evidence as picture and table."""

    def _fragment(self) -> str:
        return advice_html(self)

    def _sentences(self) -> list[str]:
        return [*self.summary(), *(["", self.code] if self.code else [])]


def advice_html(advice: Advice) -> str:
    """The whole of an advice."""
    e = advice.evidence
    parts = [_paragraph(advice.headline(), "cav-head"), _paragraph(advice.because)]
    if e.pairs:
        parts.append(_drawn(lambda: _picture(advice)))
    if advice.code:
        parts += [_title("To use it"), f"<pre>{escape(advice.code)}</pre>"]
    if advice.conditions:
        items = "".join(f"<li>{escape(text)}</li>" for text in advice.conditions)
        parts += [_title("When the answer changes"), f"<ul>{items}</ul>"]
    parts += [_paragraph(text, "cav-note") for text in advice.limits()]
    if e.called:
        parts.append(_drawn(lambda: table.folded("The evidence", evidence_table(advice))))
    return _page(*parts, _machine_line(advice.machine))


def _picture(advice: Advice) -> str:
    from . import picture

    return _figure(lambda: picture.draw(advice), picture.alt(advice), picture.caption(advice))


def evidence_table(advice: Advice) -> str:
    """A row a measurement: what, the number, what it means."""
    rows = evidence_rows(advice)
    caption = "Each number was measured on this machine, just now"
    return table.table(caption, ["what", "measured", "what it means"], rows, words=True)


def evidence_rows(advice: Advice) -> list[list[str]]:
    """The rows of the table of evidence."""
    e = advice.evidence
    rows = [["first call", duration(e.first_s or 0.0), _first(e)],
            ["a later call", _with_spread(e.later_s), "the median of batches in a row"],
            ["waits", percent(e.waits), _waits(e)],
            ["cores used, one call at a time", f"{e.cores_alone:.2f}", _alone(e)]]  # fmt: skip
    rows += [_arm(e, model) for model in e.models]
    rows += [[model, "not tried", why] for model, why in e.out.items()]
    rows += _others(e)
    return rows


def _first(e) -> str:
    if e.cold:
        return "this is what the function costs"
    return "more than a later one" if e.first_s > 2 * e.call_s else "about the same as later ones"


def _with_spread(values: list[float]) -> str:
    low, middle, high = min(values), sorted(values)[len(values) // 2], max(values)
    return f"{duration(middle)} ({duration(low)} to {duration(high)})"


def _waits(e) -> str:
    if e.waiting:
        return "most of its time it needs no core"
    return "it computes" if e.waits < 0.1 else "it mostly computes"


def _alone(e) -> str:
    if e.own_cores > 1.25:
        return "its library has threads of its own"
    if e.waiting:
        return "it waits"
    short = e.cores_alone < 0.8 * (1 - e.waits)
    return "it was ready for more: others had the cores" if short else "one thread"


def _arm(e, model: str) -> list[str]:
    arm, found = e.arms[model], e.verdict(model)
    name = f"{model}, {arm.workers} at once"
    if arm.failure:
        return [name, "failed", arm.failure]
    shown = times(found.ratio)
    if found.low is not None:
        shown += f" ({times(found.low)} to {times(found.high)}, {counted(found.pairs, 'pair')})"
    if arm.same is False:
        return [name, shown, "its results were not those of calls in a row: not safe there"]
    verdict = {True: "a gain", False: "no gain", None: "can't be told"}[e.could_gain(model)]
    more = []
    if arm.cores is not None:
        more.append(f"{arm.cores:.1f} cores used")
    if arm.wanted is not None and model == "threads" and not e.waiting:
        more.append(f"{arm.wanted:.1f} wanted")
    return [name, shown, f"{verdict}; {listed(more)}" if more else verdict]


def _others(e) -> list[list[str]]:
    rows = []
    if e.lag_s is not None:
        where = "on it" if e.form != "blocking" else "in a thread beside it"
        rows.append(
            [
                "an event loop, late by up to",
                duration(e.lag_s),
                f"while {counted(e.lag_calls)} ran {where}, in {duration(e.lag_span_s)}",
            ]
        )
    if e.args_bytes is not None:
        rows.append(
            [
                "to a process and back",
                f"{size(e.args_bytes)}, {size(e.result_bytes)}",
                f"arguments, result; pickling both ways takes {duration(e.ship_s)}",
            ]
        )
    if e.pool_start_s is not None and "processes" in e.models:
        rows.append(["start of the pool of processes", duration(e.pool_start_s),
                     "paid once; not part of the speed-up"])  # fmt: skip
    same = {True: "the same each time", False: "different from call to call",
            None: "can't be compared"}[e.steady]  # fmt: skip
    rows.append(["results of calls in a row", same, "so results in other models can be checked"
                 if e.steady else "so results in other models can't be checked"])  # fmt: skip
    if e.control:
        free = (e.control_ratio or 0.0) >= CONTROL_SHOWS
        rows.append(["control: two processes against one", times(e.control_ratio or 0.0),
                     "a second core was free" if free else "no second core was free"])  # fmt: skip
    if e.foreign is not None:
        rows.append(
            [
                "other programs",
                f"{e.foreign:.2f} cores",
                "they may have spoilt it" if e.foreign > FOREIGN else "next to nothing",
            ]
        )
    return rows
