"""What keeps a measurement from saying more, in sentences that all experiments share."""

from __future__ import annotations

from ..measure.load import LIMIT

#: Two processes that compute less than this many times as much as one: there was no second
#: core to be had, or not all the time.
CONTROL_SHOWS = 1.5


def limits(cores: float, control: float | None, foreign: float | None,
           over: bool = False) -> list[str]:  # fmt: skip
    """Sentences on what kept a measurement from saying more; none where nothing did.

    `cores` are the usable ones; `control` is how much more two processes computed than one
    (None: not asked); `foreign` is how many cores other programs used. What is `over` can't
    be run again.
    """
    found = []
    if cores < 1.5:
        found.append("This machine has one usable core: it can't show a gain from several.")
    elif control is not None and control < CONTROL_SHOWS:
        found.append(f"Two processes did only {control:.1f}× the work of one just now: a second "
                     f"core was not free all the time. A gain is smaller for it, or does not "
                     f"show.")  # fmt: skip
    if foreign is not None and foreign > LIMIT:
        advice = "." if over else ": run it again when they have ended."
        found.append(f"Other programs used {foreign:.1f} cores meanwhile{advice}")
    return found
