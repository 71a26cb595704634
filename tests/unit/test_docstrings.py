"""Every public name says what it is, in which units, which errors it raises, and whose idea it is.

Public is what has no underscore in front, in any room of `helpers`. What a learner types
(`helpers.__all__` and the workloads of ``work.``) has to say more: each of its parameters.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import helpers
from helpers import work

ROOT = Path(helpers.__file__).resolve().parents[1]
FILES = sorted(Path(helpers.__file__).parent.rglob("*.py"))
#: A unit of time, of memory, of length on a page.
UNIT = re.compile(r"\b([Ss]econds?|ms|milliseconds?|ns|µs|MB|KB|bytes?|pixels?)\b")
#: What a number can be besides: a part, a ratio, a count of something.
NUMBER = re.compile(
    r"\b(share|ratio|factor|times|cores|number|count|how many|how often|percent|CPUs|a second)\b"
    r"|[%×]|how much more",
    re.I,
)
#: A name that ends so tells its own unit.
TELLS = re.compile(r"(^|_)(ms|s|ns|us|mb|kb|x|seconds)$")
#: Parameters of these names are amounts of something, so somebody has to say of what.
AMOUNTS = {
    *("timeout", "time_box", "delay", "duration", "interval", "span", "moment", "budget"),
    *("wall", "walls", "latency", "rate", "memory", "patience", "age", "due"),
}
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


@dataclass(frozen=True)
class Name:
    """A public name: where it is, its syntax tree, its docstring and those around it."""

    file: Path
    name: str
    node: ast.AST
    around: str

    @property
    def words(self) -> str:
        return ast.get_docstring(self.node) or ""

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT)}: {self.name}"

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef)

    def parameters(self) -> list[str]:
        a = self.node.args
        return [one.arg for one in (*a.posonlyargs, *a.args, *a.kwonlyargs) if one.arg != "self"]

    def raised(self) -> set[str]:
        """The exception classes that stand behind a `raise` of the function's own body."""
        found, todo = set(), list(self.node.body)
        while todo:
            node = todo.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func).rpartition(".")[2]
                if name[:1].isupper() and name != "AssertionError":  # that is a defect, no answer
                    found.add(name)
            todo.extend(ast.iter_child_nodes(node))
        return found


def public(file: Path, tree: ast.Module) -> Iterator[Name]:
    """The public classes, functions and methods of a file."""

    def of(body: list[ast.stmt], before: str, around: str) -> Iterator[Name]:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_"):
                yield Name(file, before + node.name, node, around)
                if isinstance(node, ast.ClassDef):
                    inner = f"{around}\n{ast.get_docstring(node) or ''}"
                    yield from of(node.body, f"{before}{node.name}.", inner)

    yield from of(tree.body, "", ast.get_docstring(tree) or "")


TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
NAMES = [name for file, tree in TREES.items() for name in public(file, tree)]
FUNCTIONS = [name for name in NAMES if name.is_function]


def first_line_is_a_sentence(words: str) -> bool:
    """Whether a docstring begins with one line that is a sentence by itself."""
    first, _, rest = words.partition("\n")
    return first.endswith((".", "?")) and (not rest or rest.startswith("\n"))


def has_unit(words: str) -> bool:
    """Whether a text names a unit, or says what kind of number it speaks of."""
    return bool(UNIT.search(words) or NUMBER.search(words))


def units_missing(name: Name) -> list[str]:
    """Amounts among a function's parameters, and its result, of which nobody says the unit."""
    words = f"{name.words}\n{name.around}"
    if has_unit(words):
        return []
    missing = [one for one in name.parameters() if one in AMOUNTS]
    returns = ast.unparse(name.node.returns) if name.node.returns else ""
    if re.search(r"\bfloat\b", returns) and not TELLS.search(name.name):
        missing.append("the result")
    return missing


def test_there_is_something_to_look_at() -> None:
    assert len(FUNCTIONS) > 500
    assert len(helpers.__all__) > 40


def test_every_module_says_what_it_is() -> None:
    words = {file: ast.get_docstring(tree) or "" for file, tree in TREES.items()}
    assert [str(file) for file in FILES if not first_line_is_a_sentence(words[file])] == []


def test_every_public_name_says_what_it_is_in_one_sentence() -> None:
    assert [name.where for name in NAMES if not first_line_is_a_sentence(name.words)] == []


def test_every_error_that_a_function_raises_is_named() -> None:
    wrong = [
        f"{name.where} does not name {error}"
        for name in FUNCTIONS
        for error in sorted(name.raised())
        if error not in f"{name.words}\n{name.around}"
    ]
    assert wrong == []


def test_every_amount_has_a_unit() -> None:
    found = {name.where: units_missing(name) for name in FUNCTIONS}
    assert {where: missing for where, missing in found.items() if missing} == {}


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
        for sentence in re.split(r"(?<=[.;])\s+", text):
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
    assert [one for one in amounts if not has_unit(said_of(name, one))] == []


# --- the rules themselves --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence", "errors", "units"),
    [
        ('def f():\n    """Do it."""\n    raise ValueError("x")', True, {"ValueError"}, []),
        ('def f():\n    """Do it, and\n    that."""', False, set(), []),
        ('def f(timeout):\n    """Wait."""', True, set(), ["timeout"]),
        ('def f(timeout):\n    """Wait so many seconds."""', True, set(), []),
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
