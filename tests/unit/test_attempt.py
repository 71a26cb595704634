"""What counts as an attempt: blanks left in a solution, an order of lines, an exercise's marks."""

from __future__ import annotations

import functools

import pytest

from helpers.checks.attempt import BadOrder, assembled, blanks, function_of
from helpers.checks.blank import with_blanks, without_marks
from tests.labs.cell import cell

# --- blanks -------------------------------------------------------------------------------


def _noted(function):
    @functools.wraps(function)
    def inside(*args):
        return function(*args)

    return inside


def one_left(jobs):
    first = jobs[0]
    ...
    return first


def three_left(jobs):
    with ...:
        jobs[0] = ...
    return ...


def in_a_nested_function(jobs):
    def one(job): ...

    return [one(job) for job in jobs]


@_noted
def decorated(jobs): ...


@_noted
def decorated_and_done(jobs):
    return jobs


def passed_as_an_argument(jobs):
    return jobs.index(..., 1)


def only_named_in_types(jobs: tuple[int, ...]) -> tuple[str, ...]:
    found: dict[str, tuple[int, ...]] = {}
    return tuple(found) or jobs[..., 0]


def only_in_words(jobs):
    """Bakes ... everything."""
    return "..."  # and so on ...


def spelled_out(jobs):
    return Ellipsis


async def awaited(jobs):
    return await ...


class Oven:
    def bake(self, jobs): ...

    def __call__(self, jobs): ...


ANSWERS = {
    one_left: 1,
    three_left: 3,
    in_a_nested_function: 1,
    decorated: 1,
    decorated_and_done: 0,
    passed_as_an_argument: 1,
    only_named_in_types: 0,
    only_in_words: 0,
    spelled_out: 0,
    awaited: 1,
    Oven.bake: 1,
    Oven().bake: 1,
    Oven: 2,
}


@pytest.mark.parametrize("solution", ANSWERS, ids=lambda one: getattr(one, "__qualname__", "?"))
def test_blanks_are_counted(solution):
    assert blanks(solution) == ANSWERS[solution]


def test_a_blank_answer_is_one():
    assert blanks(...) == 1


@pytest.mark.parametrize("answer", ["A B C", "...", "", 0, None, [...], ("A", ...)])
def test_an_answer_that_is_none_is_an_attempt(answer):
    assert blanks(answer) == 0


def test_a_lambda_is_counted_by_its_line():
    left = lambda jobs: ...  # noqa: E731
    done = lambda jobs: jobs  # noqa: E731
    assert (blanks(left), blanks(done)) == (1, 0)


def test_a_lambda_within_a_statement_that_does_not_stand_alone():
    """Of such a line the source can't be parsed by itself: then nothing is said to be left."""
    made = dict(zip(["one"],
                    [lambda jobs: jobs], strict=True))  # fmt: skip
    assert blanks(made["one"]) == 0


def test_a_function_of_a_cell_is_counted():
    text = """
        def start_all(jobs):
            threads = ...  # a thread for each job
            for thread in threads:
                ...  # let it begin
        """
    assert blanks(cell(text, "start_all")) == 2


@pytest.mark.parametrize("function", [len, print, functools.partial(len), str.upper])
def test_what_has_no_source_has_no_blanks(function):
    assert blanks(function) == 0


def test_a_function_without_a_file_has_no_blanks():
    namespace: dict = {}
    exec("def f():\n    ...", namespace)
    assert blanks(namespace["f"]) == 0


# --- orders -------------------------------------------------------------------------------

LINES = {
    "A": "    return total",
    "B": "def add(numbers):",
    "C": "    total = sum(numbers)",
    "D": "    total = max(numbers)",
}
PROGRAM = "def add(numbers):\n    total = sum(numbers)\n    return total\n"


@pytest.mark.parametrize(
    "order", ["B C A", "b c a", "BCA", "bca", "B, C, A", "B,C,A", "  B   C\nA "]
)
def test_an_order_makes_a_program_however_it_is_written(order):
    assert assembled(LINES, order, "The order") == PROGRAM


def test_a_program_need_not_use_all_lines():
    assert assembled(LINES, "B", "The order") == "def add(numbers):\n"


@pytest.mark.parametrize("order", ["", "  ", ","])
def test_no_letters_are_no_lines(order):
    assert assembled(LINES, order, "The order").strip() == ""


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("B C Z", "There is no line Z: the lines are A B C D."),
        ("B X C Z", "There is no line X, Z: the lines are A B C D."),
        ("BXA", "There is no line X: the lines are A B C D."),
        ("BC A", "There is no line BC: the lines are A B C D."),
        ("B;C;A", "There is no line ;, ;: the lines are A B C D."),
        ("1 2 3", "There is no line 1, 2, 3: the lines are A B C D."),
        ("B C C A", "Line C stands there twice: use each line once."),
        ("B C B C", "Line B, C stands there twice: use each line once."),
        ("bB", "Line B stands there twice: use each line once."),
        (["B", "C"], 'The order is a text of letters: write something like "A B C D".'),
        (None, 'The order is a text of letters: write something like "A B C D".'),
        (3, 'The order is a text of letters: write something like "A B C D".'),
        (b"BCA", 'The order is a text of letters: write something like "A B C D".'),
    ],
)
def test_a_bad_order_is_told_what_to_write(order, words):
    with pytest.raises(BadOrder) as caught:
        assembled(LINES, order, "The order")
    assert str(caught.value) == words


def test_a_program_becomes_its_function_with_the_names_it_is_given():
    add = function_of(PROGRAM, "add", {"sum": lambda numbers: ("mine", *numbers)})
    assert add([1, 2]) == ("mine", 1, 2)


def test_the_names_that_are_given_stay_as_they_are():
    names = {"total": 0}
    function_of(PROGRAM, "add", names)
    assert names == {"total": 0}


def test_a_traceback_shows_the_line_of_the_program():
    add = function_of(PROGRAM, "add", {})
    with pytest.raises(TypeError) as caught:
        add(3)
    assert str(caught.traceback[-1].statement).strip() == "total = sum(numbers)"


@pytest.mark.parametrize(
    ("order", "error"),
    [("C B A", IndentationError), ("B", IndentationError), ("", LookupError), ("B A", None)],
)
def test_an_order_that_defines_nothing_is_no_function(order, error):
    source = assembled(LINES, order, "The order")
    if error is None:
        assert callable(function_of(source, "add", {}))
        return
    with pytest.raises(error):
        function_of(source, "add", {})


def test_a_function_of_another_name_is_none():
    with pytest.raises(LookupError):
        function_of(PROGRAM, "subtract", {})


# --- marks --------------------------------------------------------------------------------

MARKED = [
    ("    thread.start()  # BLANK: let it begin", "    ...  # let it begin"),
    ("x = f(1)  # BLANK: call it", "x = ...  # call it"),
    ("x += f(1)  # BLANK: add it", "x += ...  # add it"),
    ('box["coins"] = 1  # BLANK: a coin', 'box["coins"] = ...  # a coin'),
    ("self.a, self.b = f()  # BLANK: both", "self.a, self.b = ...  # both"),
    ("    return await call  # BLANK: wait", "    return ...  # wait"),
    ("f(a=1)  # BLANK: a call", "...  # a call"),
    ("if a == 1: f()  # BLANK: when", "...  # when"),
    ("    with lock:  # BLANK: hold it", "    with ...:  # hold it"),
    ("async with permits:  # BLANK: take one", "async with ...:  # take one"),
    ("    await q.put(None)  # BLANK: it ends", "    ...  # it ends"),
]


@pytest.mark.parametrize(("marked", "blank"), MARKED)
def test_a_marked_line_becomes_a_blank(marked, blank):
    assert with_blanks(f"a = 1\n{marked}\nb = 2") == f"a = 1\n{blank}\nb = 2"


@pytest.mark.parametrize("marked", [marked for marked, _ in MARKED])
def test_a_marked_line_without_its_mark_is_the_solution(marked):
    assert without_marks(marked) == marked.partition("  # BLANK")[0]


BLOCK = """\
def run_all(jobs):
    # BLANK: your code
    with pool() as it:
        return list(it.map(run, jobs))
    # END

x = 1  # a remark"""


def test_lines_between_marks_become_one_blank():
    assert with_blanks(BLOCK) == (
        "def run_all(jobs):\n    ...  # your code\n\nx = 1  # a remark"
    )  # fmt: skip


def test_lines_between_marks_stay_in_the_solution():
    assert without_marks(BLOCK) == (
        "def run_all(jobs):\n    with pool() as it:\n        return list(it.map(run, jobs))\n\n"
        "x = 1  # a remark"
    )


def test_two_blocks_and_a_line():
    text = "# BLANK: one\na\n# END\nb  # BLANK: two\n# BLANK: three\nc\nd\n# END\ne"
    assert with_blanks(text) == "...  # one\n...  # two\n...  # three\ne"
    assert without_marks(text) == "a\nb\nc\nd\ne"


def test_a_block_that_does_not_end_is_a_mistake():
    with pytest.raises(ValueError, match="a BLANK without its END"):
        with_blanks("def f():\n    # BLANK: your code\n    return 1")


def test_an_end_that_ends_nothing_is_a_mistake():
    with pytest.raises(ValueError, match="an END without its BLANK"):
        with_blanks("a = 1\n# END")


@pytest.mark.parametrize("text", ["", "a = 1", "# a remark\nb = 2  # BLANK", "END = 1", "# ENDS"])
def test_a_cell_without_marks_stays_as_it_is(text):
    assert with_blanks(text) == text
    assert without_marks(text) == text


def test_a_blank_of_an_exercise_is_counted_as_one():
    for text, count in ((BLOCK, 1), ("def f(x):\n    y = x + 1  # BLANK: a\n    return y", 1)):
        source = with_blanks(text)
        assert blanks(cell(source, "f" if "def f" in text else "run_all")) == count
