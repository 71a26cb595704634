"""The diary under a kill at any moment, and with anything at all in its place."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.course import Diary, Entry, diary
from helpers.course.diary import DAMAGED, NAME, OLDER
from helpers.course.entry import parse

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no kill -9, no fork")


def entry(title, kind="prediction", **parts):
    return Entry.now(kind, title=title, **parts)


def titles(path):
    """The titles of the entries in a file; what is none counts for nothing."""
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    return [found.title for found in map(parse, lines) if found]


def all_titles(folder):
    """The titles of all that is kept, in the diary and beside it."""
    return [*titles(folder / OLDER), *(e.title for e in Diary(folder, list).entries())]


# --- kill -9 at any moment -----------------------------------------------------------------

APPENDS = """
import sys
from pathlib import Path
from helpers.course import Diary, Entry, diary
diary.LARGEST = int(sys.argv[3])
book = Diary(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    title = f"{sys.argv[2]} {number}"
    book.add(Entry.now("prediction", title=title, sentence="x" * 300))
    print(title, flush=True)
"""


@pytest.mark.parametrize("largest", [8_000_000, 20_000], ids=["appending", "shortening"])
def test_what_was_reported_written_outlives_a_kill_at_a_random_moment(folder, largest):
    moments = random.Random(7)
    reported = []
    for kill in range(20):
        command = [sys.executable, "-c", APPENDS, str(folder), str(kill), str(largest),
                   "100000"]  # fmt: skip
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            first = process.stdout.readline()
            time.sleep(moments.uniform(0, 0.04))
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
        assert process.returncode == -signal.SIGKILL
        reported += [line for line in (first + rest).split("\n")[:-1] if line]
        *lines, last = (folder / NAME).read_bytes().split(b"\n")
        damaged = [line for line in lines if line and parse(line) is None]
        assert len(damaged) <= kill  # of kills before: each left half a line at most
        assert len(last) < 4_000
    assert len(reported) >= 20
    assert set(reported) <= set(all_titles(folder))
    assert all(len(line) < 500 for line in (folder / NAME).read_bytes().split(b"\n"))


def test_notebooks_that_shorten_the_diary_at_once_lose_nothing(folder):
    command = [sys.executable, "-c", APPENDS, str(folder)]
    both = [subprocess.Popen([*command, name, "4000", "200"], cwd=ROOT, stdout=subprocess.DEVNULL)
            for name in "ab"]  # fmt: skip
    for process in both:
        assert process.wait(60) == 0
    assert sorted(all_titles(folder)) == sorted(f"{name} {k}" for name in "ab" for k in range(200))


#: Does `what` in a process of its own, again and again in a new folder, and ends it before its
#: first call that touches a file, its second one, and so on, until it comes to its end.
DIES = """
import os, sys
from pathlib import Path
from helpers.course import Diary, Entry, diary
from tests.unit.test_diary_kills import ACTIONS

CALLS = ("open", "write", "ftruncate", "fsync", "replace", "rename", "close", "mkdir")
root, what, halves = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "halves"
before, action = ACTIONS[what]

def dying(name, real, die_at, seen):
    def call(*args, **options):
        seen[0] += 1
        if seen[0] == die_at:
            if halves and name == "write":
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
            os._exit(9)
        return real(*args, **options)
    return call

for step in range(1, 400):
    folder = root / f"{step:03}"
    before(folder)
    child = os.fork()
    if child == 0:
        seen = [0]
        for name in CALLS:
            setattr(os, name, dying(name, getattr(os, name), step, seen))
        action(folder)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), status
    if status == 0:
        print(step - 1)
        break
"""
GOOD = [f"good {number}" for number in range(12)]
BAD = [b"garbage", b"\x00\xff", b'{"v":1,"kind":"half']


def quiet(folder):
    return Diary(folder, lambda sentence: None)


def damaged_before(folder):
    folder.mkdir(parents=True)
    lines = [entry(title).line() for title in GOOD]
    mixed = lines[:4] + [bad + b"\n" for bad in BAD] + lines[4:]
    (folder / NAME).write_bytes(b"".join(mixed))


def long_before(folder):
    folder.mkdir(parents=True)
    for title in GOOD:
        quiet(folder).add(entry(title, sentence="x" * 200))


def shortens(folder):
    diary.LARGEST = 3_000
    quiet(folder).add(entry("new", sentence="x" * 200))


def restores(folder):
    quiet(folder).merge([entry(f"restored {k}").line().strip() for k in range(9)])


def folder_before(folder):
    (folder / NAME).mkdir(parents=True)
    (folder / NAME / "mine.txt").write_text("precious")


ACTIONS = {
    "set aside": (damaged_before, lambda folder: quiet(folder).entries()),
    "shorten": (long_before, shortens),
    "restore": (long_before, restores),
    "append": (long_before, lambda folder: quiet(folder).add(entry("new"))),
    "clear the way": (folder_before, lambda folder: quiet(folder).add(entry("new"))),
}
#: So many calls at least are between the start of each and its end.
STEPS = {"set aside": 15, "shorten": 20, "restore": 7, "append": 7, "clear the way": 10}


@pytest.mark.parametrize("how", ["before", "halves"])
@pytest.mark.parametrize("what", ACTIONS)
def test_a_kill_before_any_call_that_touches_a_file_loses_nothing(tmp_path, what, how):
    done = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), what, how], cwd=ROOT,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout)
    assert steps >= STEPS[what]
    folders = sorted(p for p in tmp_path.iterdir() if p.is_dir())
    assert len(folders) == steps + 1
    for folder in folders:
        died = folder != folders[-1]
        if what == "clear the way":
            kept = [*folder.glob("*/mine.txt")]
            assert [path.read_text() for path in kept] == ["precious"]
            assert died or all_titles(folder) == ["new"]
            continue
        quiet(folder).add(entry("after"))
        found = all_titles(folder)
        assert {*GOOD, "after"} <= set(found), folder.name
        assert set(found) <= {*GOOD, "new", "after", *(f"restored {k}" for k in range(9))}
        if what == "set aside":
            assert found == [*GOOD, "after"]  # in their order, and none twice
            lines = (folder / DAMAGED).read_bytes().split(b"\n")
            assert set(BAD) <= set(lines)
        if what in ("append", "shorten") and not died:
            assert "new" in found
        if what == "restore":  # doing it again adds what was missing, and doubles nothing
            restores_again = quiet(folder).merge(lines_of("restored", 9))
            assert restores_again.new + restores_again.known == 9


def lines_of(name, count):
    return [entry(f"{name} {k}").line().strip() for k in range(count)]


# --- anything in its place -----------------------------------------------------------------

WHOLE = {
    "binary": bytes(range(256)) * 40,
    "zeros, as a power cut leaves them": b"\0" * 5_000,
    "text without an end": b"my notes",
    "another format": b'[{"kind": "prediction"},\n {"kind": "prediction"}]\n',
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\n\x00\xff" * 9,
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_file_that_is_damaged_throughout_is_set_aside_with_a_message(
    book, folder, told_lines, what
):
    folder.mkdir()
    (folder / NAME).write_bytes(WHOLE[what])
    assert book.entries() == []
    assert len(told_lines) == 1
    assert "could not be read" in told_lines[0]
    assert told_lines[0].endswith("set aside in damaged.jsonl beside it. There were no others.")
    kept = [line for line in WHOLE[what].split(b"\n") if line.strip()]
    assert (folder / DAMAGED).read_bytes() == b"\n".join(kept) + b"\n"
    book.add(entry("after"))
    assert titles(folder / NAME) == ["after"]
    assert (folder / DAMAGED).read_bytes() == b"\n".join(kept) + b"\n"


@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("what", ["a folder", "a pipe", "a giant"])
def test_what_lies_in_its_place_is_set_aside_with_a_message(
    book, folder, told_lines, monkeypatch, what, reads_first
):
    (folder / NAME if what == "a folder" else folder).mkdir(parents=True)
    if what == "a folder":
        (folder / NAME / "mine.txt").write_text("precious")
    elif what == "a pipe":
        os.mkfifo(folder / NAME)  # to open it would wait for good
    else:
        monkeypatch.setattr(diary, "FAR_TOO_LARGE", 5_000)
        (folder / NAME).write_bytes(b"x" * 5_001)
    (folder / "set-aside-1").write_text("of an earlier time")
    if reads_first:
        assert book.entries() == []
    book.add(entry("after"))
    assert [e.title for e in book.entries()] == ["after"]
    assert len(told_lines) == 1
    assert "is set aside as set-aside-2 beside it, and a new diary begins." in told_lines[0]
    assert (folder / "set-aside-1").read_text() == "of an earlier time"
    aside = folder / "set-aside-2"
    if what == "a folder":
        assert (aside / "mine.txt").read_text() == "precious"
    else:
        assert aside.is_fifo() if what == "a pipe" else aside.read_bytes() == b"x" * 5_001


def test_one_that_can_not_be_read_is_left_alone_and_said_so(book, folder, told_lines, monkeypatch):
    book.add(entry("one"))

    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert book.entries() == []
    monkeypatch.undo()
    assert told_lines == ["Your diary can't be read (Permission denied): see to diary.jsonl in the "
                          "course's folder."]  # fmt: skip
    assert [e.title for e in book.entries()] == ["one"]


def test_one_that_can_not_be_written_to_is_left_alone_and_said_so(
    book, folder, told_lines, monkeypatch
):
    book.add(entry("one"))
    real = os.open

    def refused(path, flags, *mode):
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", refused)
    book.add(entry("two"))
    assert [e.title for e in book.entries()] == ["one", "two"]
    monkeypatch.undo()
    assert len(told_lines) == 1
    assert "(Permission denied). They stay in memory until this kernel ends." in told_lines[0]
    book.add(entry("three"))
    assert titles(folder / NAME) == ["one", "two", "three"]


def test_an_entry_is_on_the_disc_when_it_was_added(book, monkeypatch):
    """The file is flushed after it was written to; and its folder, which holds its name."""
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.fstat(handle)))
    book.add(entry("one"))
    assert [(f.st_ino, f.st_size) for f in flushed] == [
        (book.path.stat().st_ino, book.path.stat().st_size),
        (book.folder.stat().st_ino, book.folder.stat().st_size),
    ]
    book.add(entry("two"))
    assert flushed[2].st_size == book.path.stat().st_size
    assert len(flushed) == 3


def test_when_the_older_half_moves_right_answers_stay(book, folder, monkeypatch):
    monkeypatch.setattr(diary, "LARGEST", 4_000)
    parts = {"kind": "answer", "sentence": "x" * 100}
    book.add(entry("quiz", about="wrong", right=False, **parts))
    for _ in range(3):
        book.add(entry("quiz", about="q1", right=True, **parts))
    book.add(entry("lab", kind="check", about="step 1", right=True))
    for number in range(60):
        book.add(entry(f"n {number}", sentence="x" * 100))
    assert (folder / OLDER).exists()
    kept = [(e.kind, e.about) for e in book.entries() if e.kind != "prediction"]
    assert kept == [("answer", "q1"), ("check", "step 1")]
    assert (folder / NAME).stat().st_size <= 4_000
    assert {f"n {number}" for number in range(60)} <= set(all_titles(folder))
