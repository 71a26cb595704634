"""Progress: what counts as done, what comes next, downloading and restoring."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from helpers.charts.progress import KEPT, ShownProgress
from helpers.charts.report import report_html
from helpers.course import Diary, Entry, entries, note, place, restoring, shared_diary
from helpers.course.diary import NAME, OLDER
from helpers.course.outline import OPTIONAL, OUTLINE, STEPS
from helpers.course.progress import next_of, progress_of, questions_of
from helpers.course.quizzes import NAMES
from helpers.course.restoring import restore_bytes, told
from helpers.experiment import BadRequest
from helpers.notebook.course import restore
from helpers.widgets.progress import Progress

from .test_report import Page
from .test_survey import MACHINE

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("folder")
QUIZ = {item.stem: ("q1", "q2", "q3") for item in OUTLINE if not item.lab}
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)>'


def said(number, **parts):
    """An entry of the second `number` of a day."""
    when = f"2026-02-03T10:00:{number:02}.000Z"
    return Entry(**{"kind": "prediction", "title": f"number {number}", "when": when} | parts)


def file_of(*entries):
    return b"".join(entry.line() for entry in entries)


def answer(stem, about, right=True):
    return Entry.now("answer", title=stem, about=about, said="a", right=right)


def check(stem, about, right=True):
    return Entry.now("check", title=stem, about=about, right=right, sentence="It ran.")


def standings(*noted):
    return {one.item.stem: one for one in progress_of(noted, QUIZ.get)}


# --- the outline ---------------------------------------------------------------------------


def test_every_notebook_and_lab_is_in_the_outline_and_there():
    """Each in its folder, in the order of its number, and no file is left out."""
    for folder in ("notebooks", "labs"):
        there = sorted(path.name for path in (ROOT / folder).glob("*.ipynb"))
        assert [item.file for item in OUTLINE if item.folder == folder] == there


def test_the_order_is_the_suggested_one():
    short = [item.title.partition(":")[0] if item.lab else item.stem[:2] for item in OUTLINE]
    assert short == ["00", "01", "Lab 1", "02", "Lab 2", "03", "Lab 3", "04", "Lab 4", "05",
                     "Lab 5", "06", "Lab 6", "07"]  # fmt: skip


WORDS = {"ten": 10, "fifteen": 15, "twenty": 20}


@pytest.mark.parametrize("item", OUTLINE, ids=lambda item: item.stem)
def test_title_and_minutes_are_those_that_the_notebook_tells(item):
    path = ROOT / item.folder / item.file
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first = "".join(cells[0]["source"])
    minutes = re.search(r"It takes about (\w+) minutes", first)[1]
    assert item.minutes == int(WORDS.get(minutes, minutes))
    title = first.splitlines()[0].removeprefix("# ")
    if item.stem != "00-start-here":  # its title is the course's
        assert item.title.partition(" ")[2] == title or item.title == title


def test_a_link_leads_to_a_file_from_either_folder():
    for item in OUTLINE:
        for folder, asking in (("notebooks", "06-summary.ipynb"), ("notebooks", None),
                               ("labs", "lab-2-key-differences.ipynb")):  # fmt: skip
            target = (ROOT / folder / item.link(asking)).resolve()
            assert target == ROOT / item.folder / item.file


@pytest.mark.parametrize("stem", NAMES)
def test_a_quiz_belongs_to_a_notebook_of_the_outline_and_its_questions_count(stem):
    assert stem in QUIZ
    assert 3 <= len(questions_of(stem)) <= 5


# --- what counts ---------------------------------------------------------------------------


def test_at_first_nothing_is_done_and_00_comes_next():
    found = standings()
    assert list(found) == [item.stem for item in OUTLINE]
    assert {one.state for one in found.values()} == {"not yet"}
    assert next_of(list(found.values())).item.stem == "00-start-here"
    shown = ShownProgress(list(found.values()))
    assert str(shown).splitlines()[:2] == [
        "Next: 00 Start here (about 10 minutes).",
        "There are 14 notebooks and labs, for about 8 hours.",
    ]
    assert "nothing to download" in shown._repr_html_()


def test_a_notebook_is_done_when_each_question_was_answered_right_once():
    stem = "00-start-here"
    noted = [answer(stem, "q1"), answer(stem, "q2", right=False), answer(stem, "of old")]
    one = standings(*noted)[stem]
    assert (one.right, one.asked, one.state) == (1, 3, "begun")
    noted += [answer(stem, "q2"), answer(stem, "q3"), answer(stem, "q2", right=False)]
    found = standings(*noted)
    assert (found[stem].right, found[stem].state) == (3, "done")
    assert next_of(list(found.values())).item.stem == "01-what-are-threads"


def test_a_lab_is_done_when_its_required_steps_have_passed():
    stem = "lab-1-what-are-threads"
    first = [check(stem, "step 1"), check(stem, "step 2", right=None), check(stem, OPTIONAL)]
    one = standings(*first)[stem]
    assert (one.right, one.asked, one.extra, one.done) == (1, 3, True, False)
    passed = [*(check(stem, step) for step in STEPS), check(stem, "step 1", right=False)]
    one = standings(*passed)[stem]
    assert (one.right, one.extra, one.done) == (3, False, True)


def test_answers_are_none_of_a_lab_and_checks_none_of_a_notebook():
    lab, notebook = "lab-1-what-are-threads", "00-start-here"
    found = standings(*(answer(lab, step) for step in STEPS),
                      *(check(notebook, about) for about in QUIZ[notebook]))  # fmt: skip
    assert (found[lab].right, found[notebook].right) == (0, 0)


def test_the_order_of_the_course_says_what_comes_next():
    noted = []
    for item, after in zip(OUTLINE, [*OUTLINE[1:], None], strict=True):
        kind = check if item.lab else answer
        noted += [kind(item.stem, about) for about in (STEPS if item.lab else QUIZ[item.stem])]
        coming = next_of(list(standings(*noted).values()))
        assert (coming and coming.item) == after
    assert str(ShownProgress(list(standings(*noted).values()))).startswith(
        "All notebooks and labs are done.\n14 of 14 are done.\n"
    )


def test_without_a_known_quiz_a_notebook_that_was_begun_is_done():
    noted = [said(1, notebook="00-start-here.ipynb"), answer("01-what-are-threads", "q1")]
    found = progress_of(noted, lambda stem: None)
    assert [one.state for one in found[:3]] == ["done", "done", "not yet"]
    assert "1 right" in str(ShownProgress(found))


def test_predictions_and_experiments_are_counted_where_they_were_made():
    here = "02-key-differences.ipynb"
    noted = [
        said(1, notebook=here, title="a", about="threads"),
        said(2, notebook=here, title="a", about="threads", said=5),
        said(3, notebook=here, title="a", about="asyncio"),
        said(4, notebook=here, kind="comparison", title="a"),
        said(5, notebook=here, kind="comparison", title="a"),
        said(6, notebook=here, kind="advice", title="a"),
        said(7, notebook="scratch.ipynb"),
        said(8),
    ]
    found = standings(*noted)
    one = found.pop("02-key-differences")
    assert (one.predictions, one.experiments, one.begun) == (2, 2, True)
    assert not any(other.begun for other in found.values())


# --- what is shown -------------------------------------------------------------------------


def shown(*noted, notebook=None, raw=None):
    raw = file_of(*noted) if raw is None else raw
    return ShownProgress(list(standings(*noted).values()), raw, notebook, "2026-11-28")


def test_the_overview_links_each_title_and_what_comes_next():
    stem = "00-start-here"
    noted = [answer(stem, "q1"), answer(stem, "q2"), check("lab-2-key-differences", "step 1")]
    html = shown(*noted, notebook="00-start-here.ipynb")._repr_html_()
    page = Page(html)
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert links[0] == "00-start-here.ipynb"
    assert links[1:15] == [item.link("00-start-here.ipynb") for item in OUTLINE]
    assert "Next: 00 Start here (1 quiz question left)." in page.text
    assert "2 of 3 questions" in page.text
    assert "1 of 3 steps" in page.text
    assert KEPT in page.text
    assert page.tags.count("tr") == 1 + len(OUTLINE)


def test_the_link_downloads_all_of_it_under_a_name_with_the_date():
    raw = file_of(said(1), said(2, title=HOSTILE))
    html = shown(raw=raw)._repr_html_()
    found = re.search(r'<a download="([^"]*)" href="data:[^;"]+;base64,([^"]+)">', html)
    assert found[1] == "async-or-threads-progress-2026-11-28.jsonl"
    assert base64.b64decode(found[2]) == raw
    assert "(2 entries, 1 KB)" in html


def test_nothing_that_was_restored_is_run_or_shown_as_html(folder):
    bad = [said(k, kind=kind, title=HOSTILE, about=HOSTILE, notebook=HOSTILE, right=True)
           for k, kind in enumerate(("prediction", "answer", "check", HOSTILE))]  # fmt: skip
    right = said(9, kind="answer", title="00-start-here", about=HOSTILE, right=True)
    restore_bytes(file_of(*bad, right))
    html = Progress().overview()._repr_html_()
    assert "<script" not in html
    assert "onerror" not in html
    report = report_html(MACHINE, entries(), [], {}, "2026-02-03")
    assert "<script" not in report
    assert "<img" not in report


def test_the_report_has_a_table_of_quizzes_and_labs():
    noted = [answer("00-start-here", "q1"), check("lab-1-what-are-threads", "step 1")]
    text = Page(report_html(MACHINE, noted, [], {}, "2026-02-03")).text
    assert "Quizzes and labs" in text
    assert "Lab 1: What are threads? 1 of 3 steps begun" in text
    assert "02 Key differences" not in text
    assert "Quizzes and labs" not in Page(report_html(MACHINE, [], [], {}, "2026-02-03")).text


# --- restoring -----------------------------------------------------------------------------


def titles():
    return [entry.title for entry in entries()]


def test_what_was_downloaded_comes_back_elsewhere(folder, monkeypatch, tmp_path):
    for number in (1, 2, 3):
        note("prediction", f"number {number}", said=number, measured=5, data={"a": 1.5})
    before, raw = entries(), shared_diary().raw()
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "elsewhere"))
    assert entries() == []
    restored = restore_bytes(raw)
    assert (restored.new, restored.known, restored.damaged) == (3, 0, 0)
    assert entries() == before
    assert shared_diary().raw() == raw


def test_restoring_adds_only_what_is_new_in_the_order_of_time_and_twice_changes_nothing(folder):
    shared_diary().add(said(2))
    shared_diary().add(said(4))
    raw = file_of(said(5), said(2), said(3), said(1), said(3))
    assert told(restore_bytes(raw)) == ("Restored: 3 entries are new here, 2 were here already.")
    assert titles() == [f"number {n}" for n in (1, 2, 3, 4, 5)]
    before = (folder / NAME).read_bytes()
    assert told(restore_bytes(raw)) == "Restored: 0 entries are new here, 5 were here already."
    assert (folder / NAME).read_bytes() == before
    assert titles() == [f"number {n}" for n in (1, 2, 3, 4, 5)]


def test_a_restored_entry_overwrites_none(folder):
    """Another value for the same thing at the same time stands beside it."""
    mine, other = said(1, said=5, right=True), said(1, said=7, right=False)
    shared_diary().add(mine)
    restore_bytes(file_of(other))
    assert entries() == [mine, other]
    stem = "00-start-here"
    parts = {"kind": "answer", "title": stem, "about": "q1"}
    restore_bytes(file_of(said(9, right=True, **parts), said(10, right=False, **parts)))
    assert standings(*entries())[stem].right == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n\n"])
def test_what_is_damaged_in_the_file_is_skipped_and_counted(folder, end):
    lines = [b"garbage", said(1).line().strip(), b"\x00\xff", b'{"kind":5}', said(2).line()[:-9],
             b"x" * 90_000, said(3).line().strip()]  # fmt: skip
    restored = restore_bytes(b"\xef\xbb\xbf" + end.join(lines))
    assert told(restored) == ("Restored: 2 entries are new here. 5 lines of the file could not be "
                              "read and were skipped.")  # fmt: skip
    assert titles() == ["number 1", "number 3"]
    assert len((folder / NAME).read_bytes().splitlines()) == 2
    assert not (folder / "damaged.jsonl").exists()  # they are in the file that was restored


def test_what_a_later_version_wrote_stays_in_a_restored_file():
    later = b'{"v":9,"kind":"badge","when":"2031-05-05T10:00:00Z","stars":[1,2]}\n'
    restore_bytes(later)
    assert shared_diary().raw() == later


def test_what_moved_to_the_older_file_is_not_restored_again(folder, monkeypatch):
    monkeypatch.setattr("helpers.course.diary.LARGEST", 3_000)
    book = [said(n, sentence="x" * 100) for n in range(30)]
    for entry in book:
        shared_diary().add(entry)
    assert (folder / OLDER).exists()
    assert restore_bytes(file_of(*book)).new == 0


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"my notes", bytes(range(256)), b"[]", b"{}",
                                 b"\x89PNG\r\n\x1a\n"])  # fmt: skip
def test_a_file_that_is_no_diary_gets_one_sentence_and_changes_nothing(folder, raw):
    note("prediction", "mine")
    before = (folder / NAME).read_bytes()
    with pytest.raises(BadRequest, match="holds no progress of this course. Choose the one"):
        restore_bytes(raw)
    assert (folder / NAME).read_bytes() == before


def test_a_file_that_is_too_large_gets_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(BadRequest, match="at most 16 MB, this one has 16.0 MB: choose"):
        restore_bytes(b"x" * 16_000_001)
    (tmp_path / "big.jsonl").write_bytes(b"")
    with (tmp_path / "big.jsonl").open("r+b") as file:
        file.truncate(3_000_000_000)  # of holes: it takes no room
    with pytest.raises(BadRequest, match="this one has 3,000.0 MB"):
        restore(tmp_path / "big.jsonl")


def test_restoring_by_code(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(file_of(said(1)))
    assert str(restore(str(path))) == "Restored: one entry is new here."
    assert str(restore(path)) == "Restored: 0 entries are new here, 1 was here already."
    with pytest.raises(BadRequest, match="There is no file 'mine.json' here: upload it"):
        restore(str(tmp_path / "mine.json"))
    with pytest.raises(BadRequest, match="There is no file"):
        restore(tmp_path)
    for wrong in (5, None, "", " "):
        with pytest.raises(BadRequest, match="restore takes the path of a file"):
            restore(wrong)


def test_where_nothing_can_be_written_restoring_says_so(folder):
    folder.write_text("in the way")
    with pytest.raises(BadRequest, match=r"Nothing was restored, .* \((File exists|Not a dir)"):
        restore_bytes(file_of(said(1)))
    folder.unlink()
    assert restore_bytes(file_of(said(1))).new == 1


RESTORES = """
import sys
from pathlib import Path
from helpers.course.restoring import restore_file
print(restore_file(Path(sys.argv[1])).new)
"""


def test_two_notebooks_that_restore_the_same_file_at_once_double_nothing(folder, tmp_path):
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"".join(Entry.now("prediction", title=f"n {n}").line() for n in range(800)))
    command = [sys.executable, "-c", RESTORES, str(path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    new = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(new) == 800
    assert sorted(titles()) == sorted(f"n {n}" for n in range(800))


# --- the widget ----------------------------------------------------------------------------


def uploaded(raw):
    return ({"name": "x.jsonl", "type": "", "size": len(raw), "content": memoryview(raw),
             "last_modified": datetime.now(UTC)},)  # fmt: skip


def sentence_of(widget):
    return unescape(re.sub("<[^>]*>", "", widget.note.value))


def test_a_file_that_is_chosen_is_restored_and_the_overview_drawn_anew(monkeypatch):
    drawn = []
    monkeypatch.setattr("helpers.widgets.progress.update_display",
                        lambda what, display_id: drawn.append((what, display_id)))  # fmt: skip
    raw = file_of(said(1), said(2, kind="answer", title="00-start-here", about="q1", right=True))

    async def use():
        widget = Progress()
        for _ in range(2):  # the same file again: nothing new, and it can be chosen
            widget.upload.value = uploaded(raw)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert widget.upload.value == ()
            told_there.append(sentence_of(widget))

    told_there = []
    asyncio.run(use())
    assert told_there == ["Restored: 2 entries are new here.",
                          "Restored: 0 entries are new here, 2 were here already."]  # fmt: skip
    assert len(drawn) == 2
    assert drawn[0][0].raw == raw
    assert drawn[0][1] == drawn[1][1]


def test_what_goes_wrong_in_the_callback_is_shown(monkeypatch):
    widget = Progress()  # in plain Python: without a loop
    widget.upload.value = uploaded(b"<b>notes")
    assert sentence_of(widget).startswith("This file holds no progress of this course.")
    assert 'role="alert"' in widget.note.value
    monkeypatch.setattr(restoring, "shared_diary", lambda: 1 / 0)
    widget.upload.value = uploaded(file_of(said(1)))
    assert sentence_of(widget).startswith("Nothing could be restored (ZeroDivisionError).")
    assert entries() == []


def test_a_message_of_the_diary_is_no_reason_not_to_show_the_overview(folder, capsys):
    folder.mkdir()
    (folder / NAME).write_bytes(b"garbage\n" + file_of(said(1)))
    overview = Progress().overview()
    assert overview.raw == file_of(said(1))
    assert "set aside in damaged.jsonl" in capsys.readouterr().out
    assert Diary(folder).raw() == overview.raw
