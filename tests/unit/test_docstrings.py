"""Every public name says what it is, in which units, which errors it raises, and whose idea it is.

Public is what has no underscore in front, in any room of `helpers`. What a learner types
(`helpers.__all__` and the workloads of ``work.``) has to say more: each of its parameters.

A unit is looked for where a reader of the name looks: in the sentence of its own docstring, or of
its class's, that speaks of it. What surrounds it says nothing of it.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import helpers
from helpers import work
from tests.harness.docstrings import AMOUNTS, END, TELLS, TIMES, Name, public, speaking_of, values

ROOT = Path(helpers.__file__).resolve().parents[1]
FILES = sorted(Path(helpers.__file__).parent.rglob("*.py"))
#: A unit of time. "A second" is none: it may be the second one.
TIME_UNIT = re.compile(r"\b([Ss]econds|ms|[Mm]illiseconds|ns|µs)\b|(?<=[\d`] )s\b")
#: One of memory, or of length on a page.
UNIT = re.compile(r"\b(MB|KB|[Bb]ytes?|pixels?|points?)\b")
#: What a number can be besides: a part, a ratio, a count of something. Not "times" alone, which
#: wall times are as well, and not "count" or "number" of what stands beside it.
NUMBER = re.compile(
    r"\b(shares?|ratio|factors?|cores|how many|how often|percent|CPUs|times as|how much more"
    r"|(a|the|that) (number|count)|numbers|(the|'s|its|their) units?)\b"
    r"|(?<=\w )a second(?=[.,;:)]| (in|at|over|while)\b|$)|[%×]",
    re.I,
)
#: "as for `compare`": what that one says of its parameters holds here too.
SAME_AS = re.compile(r"(?:as for|those of|as) `(\w+)`")
#: Ideas from outside, and what has to be named beside them.
SOURCES = {
    "helpers/measure/statistics.py": ("Thompson", "1936"),
    "helpers/experiment/gil/amdahl.py": ("Amdahl", "1967"),
    "helpers/notebook/gil.py": ("Beazley", "convoy"),
    "helpers/services/connections/load.py": ("Gil Tene", "coordinated omission"),
    "helpers/checks/virtual.py": ("trio", "MockClock"),
    "helpers/checks/lab.py": ("learntools",),
    "helpers/checks/blank.py": ("scikit-learn",),
    "helpers/worker/zygote.py": ("Android", "zygote"),
    "helpers/experiment/compare.py": ("pyperf",),
    "helpers/course/runs/trace_events.py": ("Trace Event Format", "Perfetto"),
    "helpers/widgets/replay.py": ("anywidget",),
}


def first_line_is_a_sentence(words: str) -> bool:
    """Whether a docstring begins with one line that is a sentence by itself."""
    first, _, rest = words.partition("\n")
    return first.endswith((".", "?")) and (not rest or rest.startswith("\n"))


def has_unit(words: str, name: str = "") -> bool:
    """Whether a text names a unit, or says what kind of number it speaks of.

    Of what has the `name` of a time it has to be a unit of time.
    """
    if TIME_UNIT.search(words):
        return True
    return name not in TIMES and bool(UNIT.search(words) or NUMBER.search(words))


def units_missing(name: Name) -> list[str]:
    """Amounts among a function's parameters, and its result, of which nobody says the unit.

    A parameter's stands beside it, here or in the class's docstring; the result's stands here.
    The two ends of a span or an interval may be no times, but shares, or places on an axis.
    """
    words, missing = f"{name.words}\n\n{name.holder}", []
    for one, annotation in name.parameters().items():
        kind = "" if annotation.startswith("tuple") else one
        if one in AMOUNTS and not has_unit(speaking_of(one, words), kind):
            missing.append(one)
    returns = ast.unparse(name.node.returns) if name.node.returns else ""
    last = name.name.rpartition(".")[2]
    is_amount = re.search(r"\bfloat\b", returns) or (last in AMOUNTS and "int" in returns)
    if is_amount and not TELLS.search(last) and not has_unit(name.words, last):
        missing.append("the result")
    return missing


TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
NAMES = [name for file, tree in TREES.items() for name in public(file, tree)]
FUNCTIONS = [name for name in NAMES if name.is_function]
VALUES = [one for file in FILES for one in values(file, file.read_text(encoding="utf-8"))]


def test_there_is_something_to_look_at() -> None:
    assert len(FUNCTIONS) > 500
    assert len(VALUES) > 80
    assert len(helpers.__all__) > 40


def test_every_module_says_what_it_is() -> None:
    words = {file: ast.get_docstring(tree) or "" for file, tree in TREES.items()}
    assert [str(file) for file in FILES if not first_line_is_a_sentence(words[file])] == []


def test_every_public_name_says_what_it_is_in_one_sentence() -> None:
    names = [name for name in NAMES if not name.is_constructor]
    assert [name.where for name in names if not first_line_is_a_sentence(name.words)] == []


def test_every_error_that_a_function_raises_is_named() -> None:
    wrong = [
        f"{name.where} does not name {error}"
        for name in FUNCTIONS
        for error in sorted(name.raised())
        if error not in f"{name.words}\n{name.holder}\n{name.module}"
    ]
    assert wrong == []


def test_every_amount_has_a_unit() -> None:
    found = {name.where: units_missing(name) for name in FUNCTIONS}
    assert {where: missing for where, missing in found.items() if missing} == {}


def test_every_constant_and_field_that_is_an_amount_has_a_unit() -> None:
    assert [one.where for one in VALUES if not has_unit(one.said, one.name)] == []


@pytest.mark.parametrize("file", SOURCES)
def test_an_idea_from_outside_has_its_source(file: str) -> None:
    docstrings = [ast.get_docstring(TREES[ROOT / file]) or ""]
    docstrings += [name.words for name in NAMES if name.file == ROOT / file]
    words = " ".join(" ".join(docstrings).split())
    assert [source for source in SOURCES[file] if source not in words] == []


# --- what a learner types --------------------------------------------------------------------


def typed() -> dict[str, tuple[inspect.Signature, str]]:
    """What a learner calls: its signature, and all that help() would say of it."""
    found = {}
    for name in helpers.__all__:
        if name != "work":
            value = getattr(helpers, name)
            found[name] = inspect.signature(value), inspect.getdoc(value) or ""
    for name in work.__all__:
        value = getattr(work, name)
        found[f"work.{name}"] = inspect.signature(value), f"{value.__doc__}\n{work.__doc__}"
    return found


TYPED = typed()


def said_of(name: str, parameter: str) -> str:
    """The sentence that speaks of a parameter, here or where this docstring points to.

    It has the parameter's name in backticks, alone or in a piece of code.
    """
    words = TYPED[name][1]
    for text in [words, *(TYPED[other][1] for other in SAME_AS.findall(words) if other in TYPED)]:
        for sentence in END.split(text):
            code = re.findall(r"(`+)(.+?)\1", sentence, re.S)
            if any(re.search(rf"\b{parameter}\b", piece) for _, piece in code):
                return sentence
    return ""


@pytest.mark.parametrize("name", TYPED)
def test_a_learner_reads_of_every_parameter(name: str) -> None:
    silent = [one for one in TYPED[name][0].parameters if not said_of(name, one)]
    assert silent == []


@pytest.mark.parametrize("name", TYPED)
def test_a_learner_reads_the_unit_of_every_amount(name: str) -> None:
    amounts = [one for one in TYPED[name][0].parameters if one in AMOUNTS or TELLS.search(one)]
    assert [one for one in amounts if not has_unit(said_of(name, one), one)] == []


# --- the rules themselves --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence", "errors", "units"),
    [
        ('def f():\n    """Do it."""\n    raise ValueError("x")', True, {"ValueError"}, []),
        ('def f():\n    """Do it, and\n    that."""', False, set(), []),
        ('def f(timeout):\n    """Wait."""', True, set(), ["timeout"]),
        ('def f(timeout):\n    """Wait `timeout` seconds."""', True, set(), []),
        ('def f(timeout):\n    """Wait so many seconds."""', True, set(), ["timeout"]),
        (
            'def f(timeout):\n    """A number, `timeout`. It takes ms."""',
            True,
            set(),
            ["timeout"],
        ),
        ('def f(timeout):\n    """Wait `timeout`, the second time."""', True, set(), ["timeout"]),
        ('def f(span):\n    """Do a `span` of pixels."""', True, set(), ["span"]),
        ('def f(span: tuple):\n    """From share to share: `span`."""', True, set(), []),
        ('def f(rate):\n    """Ask `rate` times a second."""', True, set(), []),
        ('"""All in seconds."""\ndef f(age):\n    """Of an `age`."""', True, set(), ["age"]),
        ('def f() -> float:\n    """The wall times of a task."""', True, set(), ["the result"]),
        ('def wall() -> int:\n    """The share of it."""', True, set(), ["the result"]),
        ('def f() -> float:\n    """Something."""', True, set(), ["the result"]),
        ('def f_ms() -> float:\n    """Something."""', True, set(), []),
        ("def f(): pass", False, set(), []),
        ('def f():\n    """Do."""\n    def g():\n        raise KeyError(1)', True, set(), []),
    ],
)
def test_the_rules_tell_good_from_bad(source, sentence, errors, units) -> None:
    (name,) = public(ROOT / "x.py", ast.parse(source))
    assert first_line_is_a_sentence(name.words) is sentence
    assert name.raised() == errors
    assert units_missing(name) == units


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("Waits `timeout` seconds.", []),
        ("Waits for `timeout`. In seconds.", ["timeout"]),
        ("Does a number of things.", ["timeout"]),
    ],
)
def test_a_constructor_is_told_of_by_its_class(words, missing) -> None:
    source = f'class A:\n    """{words}"""\n    def __init__(self, timeout):\n        pass'
    _, constructor = public(ROOT / "x.py", ast.parse(source))
    assert units_missing(constructor) == missing


@pytest.mark.parametrize(
    ("source", "silent"),
    [
        ("A = 0.5", ["A"]),
        ("A = 1 / 3", ["A"]),
        ("#: A share.\nA, B = 0.5, 2", []),
        ("A = 0.5  # seconds", []),
        ("A_S, B, PATIENCE = 0.5, 3, 2", ["PATIENCE"]),
        ("#: Seconds.\n\nA = 0.5", ["A"]),
        ('class A:\n    """One."""\n    wall: int', ["A.wall"]),
        ('class A:\n    """One; `wall` is a share."""\n    wall: int', ["A.wall"]),
        ('class A:\n    """One; `wall` is in ns."""\n    wall: int', []),
        ('class A:\n    """Two, all in seconds."""\n    a: float\n    b: list[float]', []),
        ('class A:\n    """Two: `a` in seconds."""\n    a: float\n    b: float', ["A.b"]),
        ('class A:\n    """One."""\n    a: float  # pixels\n    n: int', []),
    ],
)
def test_a_value_is_told_of_beside_it_or_by_its_class(source, silent) -> None:
    found = [one for one in values(ROOT / "x.py", source) if not has_unit(one.said, one.name)]
    assert [one.where.removeprefix("x.py: ") for one in found] == silent
