"""The diary: appending, damage, two writers, what is noted; surprises and the six rows."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest
from zmq.error import ZMQError

from helpers.advisor.advise import Advice
from helpers.advisor.evidence import Evidence
from helpers.charts.noted import ShownSurprises
from helpers.course import Diary, Entry, entries, note, place, six_rows
from helpers.course.diary import DAMAGED, LOCK, NAME, OLDER
from helpers.course.entry import LONGEST_LINE, parse
from helpers.course.noting import note_advice, note_comparison, note_prediction, note_score
from helpers.course.surprises import judged, predictions, surprises, told, was_right
from helpers.experiment import BadRequest
from helpers.measure.machine import read_machine
from helpers.notebook.advice import advise
from helpers.notebook.experiments import compare
from helpers.widgets.connections import note_guess
from helpers.widgets.controls import NO_GUESS
from helpers.widgets.guesses import guesses
from helpers.widgets.panel import Panel
from helpers.widgets.predictions import Predictions
from helpers.workloads import work

from .test_survey import against, row, six, survey_of

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("folder")


def entry(title="t", **parts):
    return Entry.now("prediction", title=title, **parts)


def titles(book):
    return [one.title for one in book.entries()]


# --- where it is ---------------------------------------------------------------------------


def test_the_folder_is_named_or_beside_the_notebooks(monkeypatch, tmp_path):
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "mine"))
    assert place.folder() == tmp_path / "mine"
    monkeypatch.delenv(place.VARIABLE)
    assert place.folder() == ROOT / ".course"


def test_tests_write_to_no_learners_folder(course_folder):
    assert ROOT not in course_folder.parents


@pytest.mark.parametrize("told", ["notebooks/02-key.ipynb", "/home/ada/c/02-key.ipynb"])
def test_a_notebook_is_known_by_its_name_alone(monkeypatch, told):
    monkeypatch.setenv("JPY_SESSION_NAME", told)
    assert note("x").notebook == "02-key.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", "4f1e-a-console")
    assert note("x").notebook is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("No file '/home/ada/data/x.csv' here", "No file 'x.csv' here"),
        (r"open(C:\Users\ada\x.csv)", "open(x.csv)"),
        ("10 requests/s and/or 5 KB/s, 3/4", "10 requests/s and/or 5 KB/s, 3/4"),
        ("http://127.0.0.1:80/a/b", "http://127.0.0.1:80/a/b"),
        (f"{Path.home()}/my files/x.py", "~/my files/x.py"),
    ],
)
def test_paths_lose_their_folders(text, left):
    assert place.without_folders(text) == left


# --- appending and reading -----------------------------------------------------------------


def test_an_entry_survives_a_restart(book, folder):
    book.add(entry("20 × wait", about="threads", said=300.0, measured=54.0, unit="ms"))
    again = Diary(folder).entries()
    assert again == book.entries()
    assert (again[0].said, again[0].measured, again[0].title) == (300.0, 54.0, "20 × wait")
    assert again[0].session == place.session()
    assert again[0].when.endswith("Z")


def test_every_entry_is_one_line_of_json_and_not_long(book, folder):
    hostile = {"title": "a\nb\u2028" * 900, "sentence": "\ud800 <script>" * 99, "unit": "\0",
               "data": {str(k): "ä" * 400 for k in range(99)}}  # fmt: skip
    book.add(entry(**hostile, said=float("nan"), measured=10**400))
    book.add(entry("next"))
    raw = (folder / NAME).read_bytes().splitlines()
    assert len(raw) == 2
    assert all(len(line) <= LONGEST_LINE and json.loads(line) for line in raw)
    first = book.entries()[0]
    assert first.title.startswith("a\nb")
    assert first.said is first.measured is None


def test_a_kill_in_mid_write_costs_that_line_only(folder, told_lines):
    lines = [entry(f"number {k}").line() for k in range(3)]
    for cut in range(len(lines[2]) + 1):
        book = Diary(folder, told_lines.append)
        folder.mkdir(exist_ok=True)
        (folder / NAME).write_bytes(lines[0] + lines[1] + lines[2][:cut])
        (folder / DAMAGED).unlink(missing_ok=True)
        whole = ["number 2"] if cut >= len(lines[2]) - 1 else []  # its end is a mere newline
        assert titles(book) == ["number 0", "number 1", *whole]
        assert not (folder / DAMAGED).exists()  # it may be under way
        book.add(entry("after"))
        assert titles(book) == ["number 0", "number 1", *whole, "after"]
        if 0 < cut < len(lines[2]) - 1:
            assert (folder / DAMAGED).read_bytes() == lines[2][:cut] + b"\n"
        assert (folder / NAME).read_bytes().endswith(b"\n")


GARBAGE = [b"\x00\xff\xfe", b"[1, 2]", b'{"kind": 5}', b'{"kind": "x", "when": "never"}',
           b'{"kind":"x","when":"2026-01-01","said":NaN}', b"[" * 9_000, b"x" * 90_000,
           b'{"kind":"x","when":"2026-01-01","said":' + b"9" * 9_000 + b"}",
           b'{"kind":"x","when":"2026-01-01","sentence":"' + b"y" * 40_000 + b'"}']  # fmt: skip


@pytest.mark.parametrize("bad", GARBAGE, ids=range(len(GARBAGE)))
def test_a_damaged_line_is_set_aside_with_a_message(book, folder, told_lines, bad):
    book.add(entry("before"))
    with (folder / NAME).open("ab") as file:
        file.write(bad + b"\n")
    book.add(entry("after"))
    assert titles(book) == ["before", "after"]
    assert (folder / DAMAGED).read_bytes() == bad + b"\n"
    assert bad not in (folder / NAME).read_bytes()
    assert titles(book) == ["before", "after"]  # and is not set aside twice
    assert told_lines == ["One line of your diary could not be read, and is set aside in "
                          "damaged.jsonl beside it. The others are fine."]  # fmt: skip


def test_what_a_later_version_adds_is_read_past_and_kept(book, folder):
    folder.mkdir()
    later = b'{"v":9,"kind":"badge","when":"2031-05-05T10:00:00Z","stars":[1,2],"said":{"a":1}}\n'
    (folder / NAME).write_bytes(later + b"garbage\n")
    assert [(e.kind, e.said) for e in book.entries()] == [("badge", None)]
    assert (folder / NAME).read_bytes() == later


def test_nothing_in_the_file_is_run_or_trusted():
    line = b'{"kind":"prediction","when":"2026-01-01","right":"yes","data":[1],"title":["<b>"]}'
    found = parse(line)
    assert (found.right, found.data, found.title) == (None, {}, "")
    assert parse(b'{"__class__":"os.system"}') is None


def test_the_file_is_limited_and_the_older_half_is_kept_beside_it(book, folder, monkeypatch):
    monkeypatch.setattr("helpers.course.diary.LARGEST", 2_000)
    for number in range(40):
        book.add(entry(f"number {number}"))
    assert (folder / NAME).stat().st_size <= 2_000
    older = [parse(line).title for line in (folder / OLDER).read_bytes().splitlines()]
    assert [*older, *titles(book)] == [f"number {n}" for n in range(40)]  # none is lost


WRITER = """
import sys
from helpers.course import Entry, disc, shared_diary
if sys.argv[2] == "no locks":
    disc.fcntl = None
for number in range(int(sys.argv[3])):
    shared_diary().add(Entry.now("prediction", title=f"{sys.argv[1]} {number}", sentence="x" * 300))
"""


@pytest.mark.parametrize(
    ("names", "locks"),
    [("ab", "locks"), ("ab", "no locks"), ("abcd", "locks"), ("abcd", "no locks")],
)
def test_notebooks_may_write_at_once(folder, names, locks):
    """None is lost, none mixed; also on a file system that has no locks."""
    each = 2_000 // len(names)
    command = [sys.executable, "-c", WRITER]
    all_of_them = [subprocess.Popen([*command, name, locks, str(each)], cwd=ROOT)
                   for name in names]  # fmt: skip
    for process in all_of_them:
        assert process.wait(60) == 0
    found = [e.title.split() for e in Diary(folder).entries()]
    for name in names:
        assert [int(n) for who, n in found if who == name] == list(range(each))
    assert len(found) == 2_000
    assert not (folder / DAMAGED).exists()


def test_threads_may_write_at_once(book):
    def write(name):
        for number in range(50):
            book.add(entry(f"{name} {number}"))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(titles(book))) == 200


def test_what_can_not_be_said_now_is_said_the_next_time(tmp_path):
    """In a new thread of a kernel `print` opens a socket: without one it raises."""

    def say(sentence):
        tries.append(sentence)
        if len(tries) == 1:
            raise ZMQError(errno.EMFILE)

    tries: list[str] = []
    (tmp_path / "file").write_text("in the way")
    book = Diary(tmp_path / "file" / "folder", say)
    for title in ("a", "b", "c"):
        book.add(entry(title))
    assert titles(book) == ["a", "b", "c"]
    assert len(tries) == 2
    assert tries[0] == tries[1]


def test_where_nothing_can_be_written_it_stays_in_memory_and_says_so_once(tmp_path, told_lines):
    (tmp_path / "file").write_text("in the way")
    book = Diary(tmp_path / "file" / "course", told_lines.append)
    book.add(entry("one"))
    book.add(entry("two"))
    assert titles(book) == ["one", "two"]
    assert len(told_lines) == 1
    assert "stay in memory" in told_lines[0]
    (tmp_path / "file").unlink()
    book.add(entry("three"))
    assert book.unwritten == []
    assert titles(Diary(book.folder)) == ["one", "two", "three"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks between processes there")
def test_while_another_has_the_lock_nothing_is_lost_or_said(book, folder, told_lines, monkeypatch):
    import fcntl

    monkeypatch.setattr("helpers.course.disc.PATIENCE_S", 0.01)
    folder.mkdir()
    other = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    book.add(entry("held up"))
    assert not (folder / NAME).exists()
    assert titles(book) == ["held up"]
    os.close(other)
    book.add(entry("next"))
    assert titles(Diary(folder)) == ["held up", "next"]
    assert told_lines == []


def test_a_write_that_the_disc_cuts_short_is_taken_back(book, folder, monkeypatch):
    book.add(entry("one"))
    before = (folder / NAME).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:5]))
    book.add(entry("two"))
    monkeypatch.undo()
    assert (folder / NAME).read_bytes() == before
    assert titles(book) == ["one", "two"]


# --- what is noted -------------------------------------------------------------------------


def compared(said=None):
    """A comparison made by hand: sequential took 300 ms, threads 50 ms."""
    made = row({"sequential": six(0.3), "threads": six(0.05)}).comparison
    made.said = said or {}
    return made


def test_a_comparison_is_noted_with_its_predictions():
    note_comparison(compared({"threads": 0.3, "fibers": 1.0}), "sequential")
    first, said, guess = entries()
    assert first.kind == "comparison"
    assert first.data["threads"] == pytest.approx(50)
    assert "threads are" in first.sentence
    assert (said.about, said.said, said.measured, said.unit) == ("threads", 300, 50, "ms")
    assert said.sentence.endswith("it took 50 ms: 6.0× faster than you thought.")
    assert (guess.said, guess.measured, guess.right) == ("sequential", "threads", False)
    assert guess.factor == pytest.approx(6, rel=0.1)


def test_what_failed_is_not_noted():
    made = compared()
    made.traced["threads"].failed = 1
    made.traced["threads"].failures = [{"task": 0, "type": "OSError", "message": ""}]
    note_comparison(made)
    assert entries() == []


def test_noting_never_makes_an_experiment_fail(monkeypatch):
    note_comparison(None)
    note_score(5)
    monkeypatch.setattr("helpers.course.noting.shared_diary", lambda: 1 / 0)
    note_prediction("title", "", 1, 2, "ms")


def test_a_score_is_noted_where_it_could_be_told():
    note_score([("fit", "no prediction", "1×", "–"), ("blur", "no gain", "gains 1.9×", "wrong"),
                ("loop", "no gain", "1×", "right")])  # fmt: skip
    assert [(e.title, e.right) for e in entries()] == [("blur", False), ("loop", True)]


def test_an_advice_is_noted_without_folders():
    note_advice("f()", "Use threads: /home/ada/x.py waits.")
    assert [(e.kind, e.title, e.sentence) for e in entries()] == [
        ("advice", "f()", "Use threads: x.py waits."),
    ]  # fmt: skip


def test_what_a_learner_runs_is_noted(monkeypatch):
    """compare(), the panel and the score of guesses: each notes what was said."""
    made = compared({"threads": 0.3})

    async def watched(work):
        return made

    monkeypatch.setattr("helpers.notebook.experiments.watched", watched)
    asyncio.run(compare(work.sleep(ms=5), tasks=4, said={"threads": 0.3}))
    assert [e.kind for e in entries()] == ["comparison", "prediction"]

    experiment = types.SimpleNamespace(run=lambda request, said: made)
    Panel._measured(None, experiment, (made.request, made.said, "sequential"))
    assert [e.about for e in entries()[2:]] == ["", "threads", "the fastest"]

    mine = guesses([work.compute(ms=5, steps=1)])
    mine.say("compute", gain=False)
    mine.score(survey_of(compute=against(six(0.1))))
    assert (entries()[-1].said, entries()[-1].right) == ("no gain", False)


def test_a_guess_at_connections_is_noted_where_the_rounds_agree():
    for winner in (None, "asyncio", "threads"):
        result = types.SimpleNamespace(largest=lambda: 500, always=lambda *_, w=winner: w)
        note_guess(result, "threads")
    noted = [(e.title, e.about, e.said, e.measured, e.right) for e in entries()]
    assert noted == [("500 connections", "less memory", "threads", "asyncio", False),
                     ("500 connections", "less memory", "threads", "threads", True)]  # fmt: skip


def test_an_advice_that_a_learner_asks_for_is_noted(monkeypatch):
    evidence = Evidence("mine", "blocking", 2)
    answer = Advice(read_machine(), evidence, "sequential", "", None, None, None, [], "")

    async def repeated(work):
        return answer

    monkeypatch.setattr("helpers.notebook.advice.repeated", repeated)
    shown = asyncio.run(advise(len))
    assert [(e.kind, e.title, e.sentence) for e in entries()] == [
        ("advice", "mine", shown.headline()),
    ]  # fmt: skip


def test_note_refuses_parts_that_an_entry_has_not():
    with pytest.raises(TypeError, match="no colour"):
        note("x", colour="red")


# --- surprises -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "right", "words"),
    [
        ({"said": 300.0, "measured": 54.0, "unit": "ms"}, False, "5.6× too high"),
        ({"said": 50.0, "measured": 54.0, "unit": "ms"}, True, "right, within 25%"),
        ({"said": 2.0, "measured": 2.0}, True, "right"),
        ({"said": 10.0, "measured": 1_000.0}, False, "100× too low"),
        ({"said": 0.0, "measured": 5.0}, False, "wrong"),
        ({"said": 0.0, "measured": 0.0}, True, "right"),
        ({"said": "a", "measured": "b", "right": False}, False, "wrong"),
        ({"said": "a", "measured": "b"}, None, "–"),
        ({"said": None, "measured": 5.0}, None, "–"),
        ({"said": 7.0, "measured": 8.0, "right": False}, False, "1.1× too low"),
    ],
)
def test_what_a_prediction_is_worth(parts, right, words):
    one = entry(**parts)
    assert was_right(one) is right
    assert judged(one) == words


def test_a_surprise_is_told_in_one_sentence():
    parts = {"said": 300.0, "measured": 54.0, "unit": "ms", "about": "threads"}
    assert told(entry(**parts)) == ("You said 300 ms for threads, it took 54 ms: 5.6× faster than "
                                    "you thought.")  # fmt: skip
    parts = {"said": 10, "measured": 36, "unit": "hand-offs"}
    assert told(entry(**parts)) == ("You said 10 hand-offs; measured: 36 hand-offs (3.6× too "
                                    "low).")  # fmt: skip


def test_the_furthest_off_come_first_and_each_thing_once():
    noted = [
        entry("a", said=100, measured=50), entry("b", said=1, measured=9),
        entry("c", said=10, measured=10), entry("a", said=500, measured=50),
        entry("d", said="x", measured="y", right=False, factor=5),
        entry("e", said="x", measured="y", right=False), entry("f", said=5),
        Entry.now("comparison", title="g", said=1, measured=99),
    ]  # fmt: skip
    assert [(e.title, e.said) for e in surprises(noted)] == [
        ("a", 500), ("b", 1), ("d", "x"), ("e", "x"),
    ]  # fmt: skip
    assert len(surprises(noted, 2)) == 2
    assert len(predictions(noted)) == 6


def test_the_picture_holds_what_has_a_ratio():
    wrong = entry("<d>", said="x", measured="y", right=False)
    noted = [entry("<a>", about="&", said=500, measured=50, unit="ms"), wrong]
    html = ShownSurprises(noted)._repr_html_()
    assert html.count("<svg") == 1
    assert "&lt;a&gt;, &amp;: 10× too high." in html
    assert "500, was 50 ms" in html
    assert "&lt;d&gt;. You said x; measured: y (wrong)." in html
    assert "could not be drawn" not in html
    assert "<svg" not in ShownSurprises([wrong])._repr_html_()


def test_without_surprises_it_says_what_to_do():
    assert "Nothing is noted yet" in str(ShownSurprises([]))
    assert "none of your 1 prediction was wrong" in str(ShownSurprises([entry(said=5, measured=5)]))


# --- the six rows --------------------------------------------------------------------------


def test_without_predictions_the_table_holds_what_was_measured():
    rows = six_rows.table({}, {"Execution": 1, "Blocking": 203.0})
    assert [row[0] for row in rows] == list(six_rows.FEATURES)
    assert rows[1][4:] == ("no prediction", "1", "–")
    assert rows[2][4:] == ("no prediction", "203 ms", "–")
    assert rows[0][4:] == ("no prediction", "not measured", "–")
    assert all(len(row) == len(six_rows.HEADS) for row in rows)
    assert six_rows.sentence({}, {"Execution": 1}).startswith("No prediction was made")


def test_the_rows_are_judged_by_kind():
    said = {"Concurrency model": 4, "Execution": 9, "Blocking": 190, "Complexity": "its result",
            "Performance": 1.0, "Overhead": 0}  # fmt: skip
    measured = {"Concurrency model": 40, "Execution": 8, "Blocking": 200, "Performance": 1.0,
                "Complexity": six_rows.NOTHING_RAN, "Overhead": 900}  # fmt: skip
    answers = {row[0]: row[-1] for row in six_rows.table(said, measured)}
    assert answers == {"Concurrency model": "10× too low", "Execution": "1.1× too high",
                       "Blocking": "right, within 25%", "Complexity": "wrong",
                       "Performance": "right", "Overhead": "wrong"}  # fmt: skip
    assert six_rows.sentence(said, measured) == "2 of 6 predictions were right."


def test_fields_and_code_say_the_same_and_what_was_measured_is_noted_once():
    mine = Predictions()
    assert set(mine.said().values()) == {None}
    mine.say("Blocking", 20)
    mine.fields["Overhead"].value = "1,500 switches"
    mine.say("Complexity", six_rows.NOTHING_RAN)
    assert mine.said()["Blocking"] == 20
    assert mine.said()["Overhead"] == 1_500
    measured = {"Blocking": 200.0, "Overhead": 2_000, "Execution": 1}
    shown = mine.beside(measured)
    mine.beside(measured)
    assert [(e.said, e.measured) for e in entries()] == [(20, 200), (1_500, 2_000)]
    assert "0 of 2 predictions were right." in str(shown)
    mine.say("Blocking")
    mine.say("Complexity")
    assert mine.said()["Blocking"] is mine.said()["Complexity"] is None
    assert mine.fields["Complexity"].value == NO_GUESS


def test_bad_predictions_get_a_sentence():
    mine = Predictions()
    with pytest.raises(BadRequest, match="no row 'Speed': choose among Concurrency model"):
        mine.say("Speed", 5)
    with pytest.raises(BadRequest, match="a number from 0 on; 'much' is not"):
        mine.say("Overhead", "much")
    with pytest.raises(BadRequest, match="Complexity is one of 'its result'"):
        mine.say("Complexity", "magic")
    mine.fields["Blocking"].value = "a <while>"
    assert "a &lt;while&gt;" in mine.note.value
    with pytest.raises(BadRequest, match="is 'a <while>', which is no number"):
        mine.beside({})
    mine.fields["Blocking"].value = ""
    assert mine.note.value == ""
    with pytest.raises(BadRequest, match="no row 'Speed'"):
        mine.beside({"Speed": 5})
