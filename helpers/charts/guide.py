"""The decision guide: a tree of questions; each branch links to the experiment that proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from .fragments import _page


@dataclass(frozen=True)
class Proof:
    """A place in a notebook where a branch was measured: its file's stem and its heading."""

    notebook: str
    heading: str

    @property
    def link(self) -> str:
        """As JupyterLab resolves it: the file beside this one, then the heading's anchor."""
        return f"{self.notebook}.ipynb#{self.heading.replace(' ', '-')}"

    @property
    def label(self) -> str:
        """The notebook's number and the heading."""
        return f"{self.notebook[:2]} {self.heading}"


@dataclass(frozen=True)
class Leaf:
    """What to choose, on which condition, and where that was measured."""

    choose: str
    condition: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Step:
    """A question. `answer` leads to the `leaf`; the other answer leads on."""

    question: str
    how: str
    answer: str
    leaf: Leaf

    @property
    def other(self) -> str:
        """The answer that leads on."""
        return "no" if self.answer == "yes" else "yes"


def _at(*places: str) -> tuple[Proof, ...]:
    return tuple(Proof(*place.split(": ", 1)) for place in places)


_02, _03 = "02-key-differences", "03-when-to-use-async"
_04, _05 = "04-when-to-use-threads", "05-combining-async-and-threads"
_06, _07 = "06-summary", "07-beyond-one-machine"

ROOT = "What does one task do most of the time: wait, or compute?"
ROOT_PROOF = Proof(_06, "Which one for my own code?")

WAITS = (
    Step("Does it also compute in Python, for milliseconds?", "The loop stands still meanwhile.",
         "yes", Leaf("asyncio, and a process pool for the computing",
                     "The loop waits, the processes compute.",
                     _at(f"{_05}: The heartbeat", f"{_05}: A pipeline"))),
    Step("Is there an async library for everything that waits?",
         "A blocking call in a coroutine stops all other tasks.",
         "no", Leaf("Threads, or asyncio.to_thread",
                    "Choose the size of the pool: the default is small.",
                    _at(f"{_02}: Row 3: non-blocking or blocking", f"{_03}: The cure",
                        f"{_04}: Why the pool is not the cores"))),
    Step("Hundreds of them at once, or more?", "A thread costs more than a task.",
         "yes", Leaf("asyncio", "Limit what is in flight, with a semaphore or a bounded queue.",
                     _at(f"{_03}: High concurrency", f"{_02}: Row 6: overhead"))),
)  # fmt: skip
WAITS_ELSE = Leaf("asyncio or threads", "Both overlap the waits: take what your libraries offer.",
                  _at(f"{_02}: Row 4: performance", f"{_06}: Who wins where"))  # fmt: skip

COMPUTES = (
    Step("Is a task far longer than handing it over takes?",
         "A pool costs time for every task that it gets.",
         "no", Leaf("One after the other, in larger pieces",
                    "Batch or vectorise first; then ask again.",
                    _at(f"{_06}: Who wins where", f"{_07}: How large must a task be?"))),
    Step("Is it C code that lets go of the GIL?",
         "NumPy on large arrays, Pillow, zlib: look at the cores used.",
         "yes", Leaf("Threads, as many as cores",
                     "One level only: pin the threads of the library.",
                     _at(f"{_04}: Images", f"{_04}: Data analysis", f"{_04}: Machine learning"))),
    Step("Do its libraries support a Python without the GIL?",
         "One thread is slower there.",
         "yes", Leaf("Threads, in a free-threaded build", "Data that threads share needs locks.",
                     _at(f"{_04}: Without the GIL: free-threaded Python"))),
    Step("Is it too large for one machine?", "Its data, or the time on all cores.",
         "yes", Leaf("A cluster, with Dask for example",
                     "Better algorithms and formats come first.",
                     _at(f"{_07}: When a cluster is the wrong answer"))),
)  # fmt: skip
COMPUTES_ELSE = Leaf("Processes", "From Python 3.14 on also subinterpreters. What they get and "
                     "give back is sent, so keep it small.",
                     _at(f"{_04}: Python and its standard library",
                         f"{_07}: One interface"))  # fmt: skip

_CSS = """
.cav-guide{border:1px solid var(--cav-grid);padding:.7em .8em;margin:.5em 0}
.cav-figure .cav-guide ol.cav-guide-list{list-style:none;margin:0;padding:0}
.cav-guide-root{text-align:center;margin-bottom:.6em}
.cav-guide-sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(25em,100%),1fr));
gap:.8em 1.6em}
.cav-guide-side>p{font-weight:600;text-align:center;border-bottom:2px solid var(--cav-edge);
padding-bottom:.2em}
.cav-guide li{display:grid;grid-template-columns:minmax(0,1fr) 3.4em minmax(0,1.15fr);
align-items:center;margin:0}
.cav-guide-box{border:1.5px solid var(--cav-edge);border-radius:6px;padding:.35em .55em;
font-size:14px;background:var(--cav-band)}
.cav-guide-leaf{border:1.5px solid var(--cav-run);border-left-width:7px;border-radius:6px;
padding:.35em .55em;font-size:14px}
.cav-guide-box small,.cav-guide-leaf small{display:block;font-size:12.5px;color:var(--cav-mute)}
.cav-guide-leaf b{display:block}
.cav-guide-arrow{text-align:center;font-size:13px;font-weight:600;color:var(--cav-fg)}
.cav-guide-down{display:block;width:46%;text-align:center;font-size:13px;font-weight:600;
line-height:1.7}
.cav-guide a{color:var(--cav-m1);text-decoration:underline;font-size:12.5px;
display:inline-block;margin-right:.8em}
.cav-guide a:focus-visible{outline:2px solid var(--cav-fg);outline-offset:2px}
"""


class Guide:
    """The decision guide, which shows itself as a figure with links."""

    def proofs(self) -> Iterator[Proof]:
        """Every place that the guide links to."""
        yield ROOT_PROOF
        for leaf in self.leaves():
            yield from leaf.proofs

    def leaves(self) -> Iterator[Leaf]:
        """Every answer of the guide."""
        for steps, last in ((WAITS, WAITS_ELSE), (COMPUTES, COMPUTES_ELSE)):
            yield from (step.leaf for step in steps)
            yield last

    def __str__(self) -> str:
        lines = [ROOT]
        for name, steps, last in (("It waits.", WAITS, WAITS_ELSE),
                                  ("It computes.", COMPUTES, COMPUTES_ELSE)):  # fmt: skip
            lines.append(name)
            lines += [f"  {s.question} {s.answer}: {s.leaf.choose}. {s.leaf.condition} "
                      f"{s.other}: go on." for s in steps]  # fmt: skip
            lines.append(f"  Else: {last.choose}. {last.condition}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        root = (f'<div class="cav-guide-root"><span class="cav-guide-box">{escape(ROOT)}</span> '
                f"{_links((ROOT_PROOF,))}</div>")  # fmt: skip
        sides = "".join([_side("It waits", WAITS, WAITS_ELSE),
                         _side("It computes", COMPUTES, COMPUTES_ELSE)])  # fmt: skip
        style = f"<style>{_CSS.replace(chr(10), '')}</style>"
        caption = ("Each branch links to the experiment that shows it. A notebook that was closed "
                   "opens at its top: follow the link once more to reach the section.")  # fmt: skip
        return style + _page(
            f'<figure aria-label="Decision guide: which model for which work"><div '
            f'class="cav-guide">{root}<div class="cav-guide-sides">{sides}</div></div>'
            f"<figcaption>{caption}</figcaption></figure>"
        )


def _side(name: str, steps: tuple[Step, ...], last: Leaf) -> str:
    items = "".join(
        f'<li><div class="cav-guide-box">{escape(step.question)}'
        f"<small>{escape(step.how)}</small></div>"
        f'<span class="cav-guide-arrow">{step.answer} →</span>{_leaf(step.leaf)}</li>'
        f'<li><span class="cav-guide-arrow">{step.other} ↓</span></li>'
        for step in steps
    )
    return (f'<div class="cav-guide-side"><p>{escape(name)}</p><ol class="cav-guide-list">{items}'
            f'<li class="cav-guide-last">{_leaf(last)}</li></ol></div>')  # fmt: skip


def _leaf(leaf: Leaf) -> str:
    return (f'<div class="cav-guide-leaf"><b>{escape(leaf.choose)}</b>'
            f"<small>{escape(leaf.condition)}</small>{_links(leaf.proofs)}</div>")  # fmt: skip


def _links(proofs: tuple[Proof, ...]) -> str:
    return "".join(f'<a href="{escape(proof.link)}">{escape(proof.label)}</a>' for proof in proofs)
