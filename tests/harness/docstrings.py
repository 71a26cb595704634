"""What public names a Python file has, and what is said of each: its docstring, and beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.harness.labserver import REPO

#: A name that ends so tells its own unit.
TELLS = re.compile(r"(^|_)(ms|s|ns|us|mb|kb|x|seconds)$")
#: What has one of these names is a time, and only a unit of time will do.
TIMES = {
    *("timeout", "time_box", "delay", "duration", "moment", "budget", "span", "interval"),
    *("wall", "walls", "latency", "patience", "age", "due"),
}
#: What has one of these is an amount of something, so somebody has to say of what.
AMOUNTS = {*TIMES, "rate", "memory"}
#: Where a sentence ends.
END = re.compile(r"(?<=[.;?])\s+")


@dataclass(frozen=True)
class Name:
    """A public name: where it is, its syntax tree, its class's docstring and its module's."""

    file: Path
    name: str
    node: ast.AST
    holder: str
    module: str

    @property
    def words(self) -> str:
        return ast.get_docstring(self.node) or ""

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(REPO)}: {self.name}"

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef)

    @property
    def is_constructor(self) -> bool:
        """Its class's docstring speaks for it."""
        return self.name.endswith(".__init__")

    def parameters(self) -> dict[str, str]:
        """Each parameter's name, with what its annotation says."""
        a = self.node.args
        return {
            one.arg: ast.unparse(one.annotation) if one.annotation else ""
            for one in (*a.posonlyargs, *a.args, *a.kwonlyargs)
            if one.arg != "self"
        }

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
    """The public classes, functions and methods of a file, and the classes' constructors."""
    module = ast.get_docstring(tree) or ""

    def of(body: list[ast.stmt], before: str, holder: str) -> Iterator[Name]:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") or (before and node.name == "__init__"):
                yield Name(file, before + node.name, node, holder, module)
                if isinstance(node, ast.ClassDef):
                    inner = ast.get_docstring(node) or ""
                    yield from of(node.body, f"{before}{node.name}.", inner)

    yield from of(tree.body, "", "")


def speaking_of(name: str, words: str) -> str:
    """The sentences of a text that have `name` in them."""
    return " ".join(one for one in END.split(words) if re.search(rf"\b{name}\b", one))


@dataclass(frozen=True)
class Value:
    """A public constant, or a field of a public class, that is an amount; what is said of it."""

    where: str
    name: str
    said: str


def values(file: Path, source: str) -> Iterator[Value]:
    """The amounts among a file's public constants, and among its public classes' fields.

    A constant is one if it is no whole number, or if its name says so: whole numbers count
    things, or are places in a figure. A field is one if it is a float, or by its name.
    """
    tree, lines, where = ast.parse(source), source.splitlines(), file.relative_to(REPO)
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        for one, value in pairs:
            name = ast.unparse(one)
            amount = is_fraction(value) or AMOUNTS & set(name.lower().split("_"))
            if amount and not name.startswith("_") and not TELLS.search(name.lower()):
                yield Value(f"{where}: {name}", name, comment(lines, node))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
            continue
        fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
        names = [ast.unparse(one.target) for one in fields]
        words = ast.get_docstring(node) or ""
        first, *_ = words.splitlines() or [""]
        if any(f"`{name}`" in first for name in names):
            first = ""  # it does not speak of all
        for name, one in zip(names, fields, strict=True):
            amount = name in AMOUNTS or re.search(r"\bfloat\b", ast.unparse(one.annotation))
            if amount and not name.startswith("_") and not TELLS.search(name):
                said = f"{comment(lines, one)}\n{first}\n{speaking_of(name, words)}"
                yield Value(f"{where}: {node.name}.{name}", name, said)


def is_fraction(value: ast.expr) -> bool:
    """Whether an expression is of numbers alone, one of them with a point, or a quotient."""
    parts = list(ast.walk(value))
    kinds = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    return all(isinstance(part, kinds) for part in parts) and any(
        isinstance(part, ast.Div) or isinstance(getattr(part, "value", None), float)
        for part in parts
    )


def comment(lines: list[str], node: ast.stmt) -> str:
    """The comments behind an assignment and above it, or above the lines it stands among."""
    found = [line for line in lines[node.lineno - 1 : node.end_lineno] if "  # " in line]
    at = node.lineno - 2
    while at >= 0 and lines[at].strip() and not lines[at].lstrip().startswith("#"):
        at -= 1
    while at >= 0 and lines[at].lstrip().startswith("#"):
        found.append(lines[at])
        at -= 1
    return "\n".join(line.partition("#")[2].lstrip(":") for line in reversed(found))
