"""From evidence to a recommendation: a pure function, and the invariant it must keep."""

from __future__ import annotations

from dataclasses import dataclass

from ..experiment.limits import CONTROL_SHOWS
from ..experiment.surveys.surveyed import GAIN, OWN_THREADS
from ..measure.statistics import FEWEST_PAIRS, Verdict
from .evidence import Evidence
from .words import duration, percent, times

CANT_TELL = "can't tell"
#: What needs less comes first: it wins a tie.
PREFERENCE = ("asyncio", "threads", "processes")
#: Other programs that use more cores than this may have spoilt a verdict.
FOREIGN = 0.2


@dataclass(frozen=True)
class Recommendation:
    """A model ("sequential", "asyncio", "threads", "processes" or "can't tell") and why.

    `gain` is the model's verdict against calls in a row; None for the first and the last.
    """

    model: str
    because: str
    gain: Verdict | None = None


def recommend(evidence: Evidence) -> Recommendation:
    """The model that the evidence supports, or none.

    Never one that measured slower than calls in a row, or slower beyond noise than another
    model that could be used: `slower_than` is asked last, whatever the rules say.
    """
    found = _recommend(evidence)
    better = slower_than(evidence, found.model)
    if better:
        return Recommendation(CANT_TELL, f"The measurements contradict each other: {better} was "
                              f"faster than {found.model}, and yet gained nothing.")  # fmt: skip
    return found


def slower_than(evidence: Evidence, model: str) -> str:
    """A usable model that measured faster than `model`, beyond noise; "" for none."""
    if model == CANT_TELL or "sequential" not in evidence.arms:
        return ""
    for other in ("sequential", *evidence.models):
        if other == model or (other != "sequential" and evidence.excluded(other)):
            continue
        found = evidence.verdict(other, model)
        if found.claim == "faster" and (model != "sequential" or found.ratio >= GAIN):
            return other
    return ""


def _recommend(e: Evidence) -> Recommendation:
    if e.problem:
        return Recommendation(CANT_TELL, e.problem)
    if e.mutated:
        return Recommendation(CANT_TELL, "A call changes its own arguments, so the calls were not "
                              "the same work, and calls at once would disturb each other. Let it "
                              "work on a copy and return the result.")  # fmt: skip
    usable = [m for m in PREFERENCE if m in e.models and not e.excluded(m)]
    gainers = [m for m in usable if e.gains(m)]
    if gainers:
        best = max(gainers, key=lambda m: e.verdict(m).ratio)
        if any(_held_up(e, m, best) for m in usable[: usable.index(best)]):
            return Recommendation(CANT_TELL, _unclear(e, usable))
        model = next(m for m in gainers if m == best or _as_fast(e, m, best))
        return Recommendation(model, _why(e, model), e.verdict(model))
    if 0 < e.pairs < FEWEST_PAIRS:
        return Recommendation(CANT_TELL, _too_few(e, usable))
    if any(e.could_gain(m) is None for m in usable):
        return Recommendation(CANT_TELL, _unclear(e, usable))
    if not usable and not e.waiting and not e.second_core() and not _takes_turns(e):
        return Recommendation(CANT_TELL, _unclear(e, usable))
    return Recommendation("sequential", _nothing_to_gain(e))


def _as_fast(e: Evidence, model: str, best: str) -> bool:
    """Whether `best` is no faster than `model` beyond noise."""
    return e.verdict(best, model).claim not in ("faster", "few")


def _held_up(e: Evidence, model: str, best: str) -> bool:
    """Whether `model` looks faster than `best` by far, and too few rounds agree to say so.

    One round in which the machine stood still is enough for that where rounds are few. `best`
    is not the answer then: it would be advice against what needs less and measured better.
    """
    return e.could_gain(model) is None and e.verdict(model, best).ratio >= GAIN


# --- why, in a sentence or two --------------------------------------------------------------


def _why(e: Evidence, model: str) -> str:
    arm = e.arms[model]
    if model == "asyncio":
        return f"A call waits for {percent(e.waits)} of its time, and lets the loop go meanwhile."
    blocked = ""
    if e.form == "async":
        blocked = "It is async, but it keeps the loop for most of a call. "
    if model == "threads":
        if e.waiting:
            return f"{blocked}A call waits for {percent(e.waits)} of its time, and waits overlap."
        what = "" if e.waits < 0.1 else f" (it waits for {percent(e.waits)} of its time)"
        if not e.gil:
            return f"{blocked}A call computes{what}, and this Python has no GIL."
        if arm.wanted is not None and arm.wanted < TURNS_OVERLAP and e.waits >= 0.1:
            return f"{blocked}A call waits for {percent(e.waits)} of its time, and waits overlap."
        return (f"{blocked}A call computes{what}, in code that lets go of the GIL: threads use "
                f"several cores.")  # fmt: skip
    if "threads" not in e.models or e.excluded("threads"):
        turns = f"threads are out ({e.excluded('threads')})"
    else:
        turns = f"threads made it {times(e.verdict('threads').ratio)}"
    if e.waiting:
        return f"{blocked}A call waits for {percent(e.waits)} of its time; {turns}."
    return (f"{blocked}A call computes and keeps the GIL: {turns}. Each process has a GIL of its "
            f"own.")  # fmt: skip


#: Between this and one core: threads that overlapped in their waits, not on the cores.
TURNS_OVERLAP = 1.3


def _too_few(e: Evidence, usable: list[str]) -> str:
    seen = "once" if e.pairs == 1 else f"{e.pairs} times"
    text = (f"Each model was measured {seen}, and a verdict needs {FEWEST_PAIRS} rounds: a call "
            f"takes {duration(e.call_s)}.")  # fmt: skip
    tried = [f"{m} {times(e.verdict(m).ratio)}" for m in usable]
    return text + (f" So far: {', '.join(tried)}." if tried else "")


def _unclear(e: Evidence, usable: list[str]) -> str:
    asked = [m for m in usable if e.could_gain(m) is None]
    shown = ", ".join(f"{m} {times(e.verdict(m).ratio)}" for m in asked)
    text = f"It could not be seen whether it gains ({shown}). " if shown else ""
    if e.cores < 1.5 and not e.waiting:
        return f"{text}This machine has one usable core, so no gain from several can be shown here."
    if not e.second_core() and not e.waiting:
        return f"{text}No second core was free meanwhile{_taken(e)}.{_tendency(e)}"
    return f"{text}The rounds differ too much from each other.{_foreign(e)}"


def _taken(e: Evidence) -> str:
    """By what it is known that no core was free."""
    if e.control_ratio is not None and e.control_ratio < CONTROL_SHOWS:
        return f": two processes did only {times(e.control_ratio)} the work of one"
    if e.foreign is not None and e.foreign > FOREIGN:
        return f": other programs used {e.foreign:.1f} cores"
    return ""


def _tendency(e: Evidence) -> str:
    """What can be said without a second core: whether threads take turns."""
    arm = e.arms.get("threads")
    if arm is None or arm.wanted is None or e.waiting or not e.gil:
        return ""
    turns = " Threads won't help: they took turns, one core is all they wanted."
    return turns if _takes_turns(e) else ""


def _takes_turns(e: Evidence) -> bool:
    return "threads" in e.models and e.could_gain("threads") is False


def _foreign(e: Evidence) -> str:
    if e.foreign is None or e.foreign <= FOREIGN:
        return ""
    return f" Other programs used {e.foreign:.1f} cores: run it again when they have ended."


def _nothing_to_gain(e: Evidence) -> str:
    shown = ", ".join(f"{m} {times(e.verdict(m).ratio)}" for m in e.models if not e.excluded(m))
    shown = f" ({shown}, where 1× is one call after the other)" if shown else ""
    if e.cold:
        later = "looks the result up" if e.cached else f"takes {duration(e.call_s)}"
        return (f"Its cost is its first call, {duration(e.first_s or 0.0)}; a later one {later}, "
                f"and nothing makes that faster{shown}.")  # fmt: skip
    excluded = [f"{m}: {e.excluded(m)}" for m in (*e.arms, *e.out)
                if m != "sequential" and e.excluded(m)]  # fmt: skip
    why = f" Not to be used: {'; '.join(excluded)}." if excluded else ""
    usable = [m for m in e.models if not e.excluded(m)]
    if usable and all(e.verdict(m).ratio < 0.8 for m in usable):
        if _ships_much(e):
            return f"Sending its arguments and results costs more than the call does{shown}.{why}"
        return (f"A call of {duration(e.call_s)} is too small: to hand it over costs more than "
                f"to do it{shown}.{why}")  # fmt: skip
    if e.waiting:
        return (f"A call waits for {percent(e.waits)} of its time, and yet calls don't overlap"
                f"{shown}: something lets in one at a time, such as a lock.{why}")  # fmt: skip
    if e.locks:
        return (f"It holds a lock, which lets in one call at a time{shown}: the part outside the "
                f"lock is all that could overlap.{why}")  # fmt: skip
    if e.own_cores > OWN_THREADS:
        return (f"One call already uses {e.own_cores:.1f} cores: its library has threads of its "
                f"own, and more of them gain nothing{shown}.{why}")  # fmt: skip
    if _ships_much(e):
        return (f"It keeps the GIL, and sending its arguments and results eats what processes "
                f"gain{shown}.{why}")  # fmt: skip
    return f"Nothing that could be tried makes it faster{shown}.{why}"


def _ships_much(e: Evidence) -> bool:
    """Whether pickling costs at least a fifth of what the call does."""
    return e.ship_s is not None and "processes" in e.models and e.ship_s > 0.2 * e.call_s > 2e-5
