"""What the pictures say: structure, sentences, escaping, ids. Traces are built by hand."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from array import array
from html.parser import HTMLParser
from statistics import median

import pytest

from helpers import charts
from helpers.charts import fragments, words
from helpers.charts.results import ShownComparison, ShownMachine, ShownSweep
from helpers.experiment.sweep import Sweep
from helpers.measure.machine import Machine
from helpers.measure.recorder import Failure
from helpers.measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, UNSEEN, WAITING
from tests.harness.sample_runs import MACHINE, MS, comparison, run, three, turns, waits


def svgs(html):
    return re.findall(r"<svg.*?</svg>", html, flags=re.S)


def labels(html):
    return [ElementTree.fromstring(svg).get("aria-label") for svg in svgs(html)]


def captions(html):
    return re.findall(r"<figcaption>(.*?)</figcaption>", html)


def texts(svg):
    """The words of a picture, piece by piece."""
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}text")]


def without_ids(html):
    return re.sub(r"cav[0-9a-f]+-\d+-\w+", "", html)


def facts_of(one):
    from helpers.charts.facts import Facts

    return Facts(one)


# --- cost and safety ---------------------------------------------------------------------


def test_importing_the_room_does_not_import_what_is_heavy():
    code = ("import sys, helpers.charts; print(sorted({'matplotlib', 'numpy', 'IPython'} "
            "& set(sys.modules)))")  # fmt: skip
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_drawing_leaves_pyplot_alone():
    code = (
        "import sys\nfrom helpers import charts\nfrom tests.harness.sample_runs import three\n"
        "charts.comparison_html(three())\n"
        "print('matplotlib.figure' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True False"


def test_settings_of_the_notebook_neither_change_nor_count():
    import matplotlib as mpl

    plain = charts.timeline_html([waits("asyncio")], gil=True)
    with mpl.rc_context({"text.color": "#123456", "font.size": 40, "axes.grid": True,
                         "lines.linewidth": 9, "svg.fonttype": "path"}):  # fmt: skip
        before = dict(mpl.rcParams)
        styled = charts.timeline_html([waits("asyncio")], gil=True)
        assert dict(mpl.rcParams) == before
    assert without_ids(plain) == without_ids(styled)


def test_threads_may_draw_at_the_same_time():
    found = []

    def draw():
        for _ in range(6):
            found.append(without_ids(charts.timeline_html([turns()], gil=True)))  # noqa: PERF401

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [without_ids(charts.timeline_html([turns()], gil=True))] * 24


def test_what_can_not_be_drawn_is_said_in_a_line(monkeypatch):
    from helpers.charts import timeline

    def fail(*_):
        raise RuntimeError("no <ink>")

    monkeypatch.setattr(timeline, "_legend", fail)
    html = charts.comparison_html(three())
    assert "This part could not be drawn (RuntimeError: no &lt;ink&gt;)" in html
    assert len(svgs(html)) == html.count("<svg") == html.count("</figure>") == 1  # the times


# --- structure ---------------------------------------------------------------------------


def test_a_comparison_has_its_parts_in_order():
    html = charts.comparison_html(three())
    assert "could not be drawn" not in html
    found = three()
    order = [
        found.summary()[0].replace("'", "&#x27;"), "<figure>", "<figcaption>sequential",
        "<figure>", "<details><summary>Data", "<caption>By model", "<caption>asyncio, the",
        MACHINE.sentence(),
    ]  # fmt: skip
    at = 0
    for part in order:
        assert part in html[at:], part
        at = html.index(part, at) + 1


def test_every_model_and_its_time_is_in_the_alt_text():
    times, bars = labels(charts.comparison_html(three(said={"threads": 0.03})))
    for text in ("sequential 40.5 ms", "asyncio 10.5 ms", "threads 10.5 ms"):
        assert text in times
    assert "You said 30.0 ms for threads" in times
    assert "all 4 waits overlap" in times
    for text in ("sequential 40.9 ms", "asyncio 10.6 ms (from 10.5 ms to 10.7 ms)", "predicted"):
        assert text in bars


def test_a_picture_names_itself_and_every_table_its_columns():
    html = charts.comparison_html(three()) + charts.machine_html(MACHINE)
    for svg in svgs(html):
        root = ElementTree.fromstring(svg)  # well-formed
        assert root.get("role") == "img"
        assert root.get("viewBox").split()[2] == "840"
        assert root.get("width") is None
    for one in re.findall(r"<table.*?</table>", html):
        assert one.count("<caption>") == 1
        assert all("scope=" in head for head in re.findall(r"<th.*?>", one) if head != "<thead>")
        assert one.count('scope="col"') >= 2
        assert not re.search("<th[^>]*></th>", one)
    # a wide table scrolls: by keyboard too, and it says what it is
    keys = 'tabindex="0" data-lm-suppress-shortcuts="true"'
    boxed = rf'<div class="cav-wide" role="group" aria-label="[^"]+" {keys}><table'
    assert len(re.findall(boxed, html)) == html.count("<table")


def test_no_script_and_nothing_from_elsewhere():
    html = charts.comparison_html(three()) + charts.timeline_html([turns(tasks=61, slices=122)])
    assert "<script" not in html
    without_names = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in without_names
    assert "url(#" in html
    assert not re.findall(r"url\((?!#)", html)


def test_ids_are_unique_over_pictures_and_point_into_their_own():
    pictures = svgs(charts.comparison_html(three()) + charts.comparison_html(three()))
    assert len(pictures) == 4
    seen = []
    for svg in pictures:
        own = re.findall(r' id="([^"]+)"', svg)
        assert own
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) == set(own)
        seen += own
    assert len(seen) == len(set(seen))


def test_every_colour_is_a_variable_that_the_style_defines():
    rows = [(0, HELD, 0, 2), (0, RUNNING, 0, 2), (0, WAITING, 2, 9), (0, READY, 9, 10),
            (1, COMPUTING_IN_C, 3, 6), (2, UNSEEN, 0, 10)]  # fmt: skip
    every = comparison(run("asyncio", 3, 10, rows), waits("threads", 3), said={"threads": 0.02})
    html = charts.comparison_html(every) + charts.sweep_html(Sweep({3: every, 9: every}))
    for svg in svgs(html):
        assert not re.findall(r"(?<![(&])#[0-9a-fA-F]{3,8}\b", re.sub(r'href="[^"]*"', "", svg))
        assert not re.findall(r"(?:fill|stroke)[:=]\W*(?:black|white|rgb)", svg)
        used = set(re.findall(r"var\((--cav-\w+)\)", svg))
        assert {"--cav-fg", "--cav-font"} <= used
        for name in used:
            assert f"{name}:" in html
    assert all(f"var(--cav-{c})" in html for c in ("run", "ready", "wait", "bg", "edge", "bar"))


def test_escaping():
    evil = '<b>bread</b> & "butter" <img src=x>'
    failed = run("threads", 3, 5, [])
    failed.failed = 1
    failed.failures = [Failure(task=1, type="ValueError", message=evil, traceback=f"File {evil}")]
    failed.printed = evil
    broken = comparison(failed)
    named = comparison(waits("<b>own</b>", printed=evil), waits("threads"))
    html = charts.comparison_html(broken) + charts.comparison_html(named)
    html += charts.sweep_html(Sweep({4: named})) + charts.sweep_html(Sweep({3: broken}))

    assert "could not be drawn" not in html
    tags, shown = set(), []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.add(tag)

        def handle_data(self, data):
            shown.append(data)

    Reader().feed(html)
    assert not {"b", "img"} & tags
    assert {"svg", "table"} <= tags
    assert "".join(shown).count(f"raised ValueError: {evil}") == 2
    assert f"File {evil}" in shown
    assert evil in shown  # printed
    for svg in svgs(html):
        ElementTree.fromstring(svg)


def test_a_failure_has_a_red_line_the_traceback_folded_and_no_picture():
    failed = run("threads", 3, 5, [])
    failed.failed = 1
    failed.failures = [Failure(task=1, type="ValueError", message="no", traceback="line 7")]
    html = charts.comparison_html(comparison(failed))
    assert re.search(r'<p class="cav-error">In threads, task 1 raised ValueError: no .* run it '
                     r"again\.</p>", html)  # fmt: skip
    assert "<details><summary>Traceback</summary><pre>line 7</pre></details>" in html
    assert "<svg" not in html


def test_tasks_that_never_ran_are_said_and_shown_but_not_compared():
    lazy = run("mine", 4, 12, [(0, UNSEEN, 0, 10), (1, UNSEEN, 0, 10)])
    lazy.never_ran = 2
    html = charts.comparison_html(comparison(lazy, waits("threads")))
    assert '<p class="cav-error">mine ran 2 of 4 tasks' in html
    assert len(svgs(html)) == 1
    assert "<td>never</td>" in html
    assert "<caption>Recorded runs" in html  # what the picture's words say is in a table
    assert "All measured runs" not in html


# --- sentences ---------------------------------------------------------------------------


def reading(one):
    return words.reading(facts_of(one))


def test_waits_that_overlap():
    one = waits("asyncio", 20, apart=0.1)
    assert reading(one) == "all 20 waits overlap: 20 were in flight at once"
    assert one.trace.peak() == 20


def test_waits_that_overlap_up_to_the_cap():
    rows = [(k, WAITING, k // 4 * 10, k // 4 * 10 + 10) for k in range(20)]
    one = run("threads", 20, 50, rows, cap=4)
    assert one.trace.peak() == 4
    assert reading(one) == "the waits overlap up to the limit: 4 of 20 were in flight at once"


def test_waits_that_do_not_overlap():
    assert reading(waits("sequential", apart=10)) == "one wait after the other"


def test_turns_are_counted_as_the_trace_does():
    one = turns()
    spans = [end - begin for _, state, begin, end in one.trace.rows() if state == RUNNING]
    assert one.trace.switches() == 39
    assert reading(one) == (f"one task ran at a time: the threads took turns "
                            f"{one.trace.switches()} times, in slices of "
                            f"{words.ns(median(spans))} (median)")  # fmt: skip
    assert "the tasks took turns 39 times" in reading(turns("asyncio"))
    # a learner's own model: its record tells whether there were several threads
    assert "the threads took turns 39 times" in reading(turns("mine"))
    alone = turns("mine")
    alone.trace.lanes = array("q", [0, 0, 0])
    assert "the tasks took turns 39 times" in reading(alone)


def test_a_blocking_call_is_named():
    rows = [row for k in range(5) for row in ((k, HELD, k * 25, k * 25 + 20 + k),
                                              (k, WAITING, k * 25, k * 25 + 20))]  # fmt: skip
    assert reading(run("asyncio", 5, 125, rows)) == (
        "the tasks ran one after the other: a blocking call held the loop, for 24.0 ms at the "
        "longest"
    )
    # the same waits with the loop free are no blocking call
    rows = [row for row in rows if row[1] == WAITING] + [(0, HELD, 0, 0.1)]
    assert "blocking" not in reading(run("asyncio", 5, 125, rows))


def test_tasks_that_run_one_after_the_other():
    rows = [row for k in range(5) for row in ((k, HELD, k * 20, k * 20 + 20),
                                              (k, RUNNING, k * 20, k * 20 + 20))]  # fmt: skip
    assert reading(run("asyncio", 5, 100, rows)) == (
        "the tasks ran one after the other; each took 20.0 ms (median) and held the loop to its end"
    )
    alone = [row for row in rows if row[1] == RUNNING]
    assert reading(run("sequential", 5, 100, alone)).endswith("each took 20.0 ms (median)")


def test_running_at_the_same_time_needs_more_than_a_stray_moment():
    rows = [(0, RUNNING, 0, 50), (1, RUNNING, 0, 50)]
    both = reading(run("processes", 2, 50, rows))
    assert both == "up to 2 tasks ran Python code at the same time"
    rows = [(0, RUNNING, 0, 50.02), (1, READY, 0, 50), (1, RUNNING, 50, 100)]
    assert "one task ran at a time" in reading(run("threads", 2, 100, rows))


def test_c_code_without_the_gil():
    rows = [(k, COMPUTING_IN_C, 0, 10) for k in range(2)]
    one = run("threads", 2, 10, rows)
    assert reading(one) == "up to 2 tasks computed at the same time, in C code without the GIL"


def test_what_was_not_observed_is_not_told():
    one = run("threads", 12, 20, [(k, UNSEEN, 0, 20) for k in range(12)])
    assert reading(one) == ("all 12 tasks were in progress at once; what happens inside a task "
                            "was not observed")  # fmt: skip
    assert "no task was seen" in reading(run("threads", 2, 1, []))


def test_models_that_show_the_same_share_a_sentence():
    text = captions(charts.comparison_html(three()))[0]
    assert text == ("sequential: one wait after the other. asyncio and threads: all 4 waits "
                    "overlap: 4 were in flight at once.")  # fmt: skip


def test_the_times_say_how_far_prediction_and_learner_were_off():
    text = captions(charts.comparison_html(three(said={"threads": 0.03})))[1]
    assert text == ("The simple model predicted every time to within 5 %. You said 30.0 ms for "
                    "threads and it took 10.6 ms.")  # fmt: skip
    slow = comparison(waits("asyncio"), waits("threads", each=20))
    text = captions(charts.comparison_html(slow))[1]
    assert text == ("The simple model is furthest off for threads: 10.4 ms predicted, 20.7 ms "
                    "measured.")  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0519, "51.9 ms"), (1.0116, "1.01 s"), (8.4e-5, "84 µs"), (3.6e-6, "3.6 µs"),
     (0.99961, "1.00 s"), (0.0009996, "1.00 ms"), (12.34, "12.3 s"), (4321.0, "4,321 s"),
     (0.1, "100 ms"), (0.00999, "9.99 ms")],
)  # fmt: skip
def test_durations(seconds, text):
    assert words.duration(seconds) == text


# --- facts -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["asyncio", "threads"])
def test_facts_agree_with_the_trace(model):
    dice = random.Random(7)
    for _ in range(20):
        rows = []
        for task in range(dice.randint(1, 9)):
            clock = dice.choice((0.0, dice.uniform(0, 5)))
            for _ in range(dice.randint(0, 12)):
                length = dice.uniform(0, 3)
                state = dice.choice((READY, RUNNING, WAITING))
                rows.append((task, state, clock, clock + length))
                if model == "asyncio" and state == RUNNING:
                    rows.append((task, HELD, clock, clock + length))
                clock += length
        one = run(model, 9, 60, rows)
        facts = facts_of(one)
        assert facts.sums == one.trace.totals()
        assert facts.peak == one.trace.peak()
        assert facts.switches == one.trace.switches()
        ordered = [task for task, _, _ in one.trace.holders()]
        joined = [t for k, t in enumerate(ordered) if not k or ordered[k - 1] != t]
        assert facts.holders[:, 0].tolist() == joined


def test_blocked_time_is_what_both_the_wait_and_the_loop_cover():
    dice, rows, wanted = random.Random(3), [], 0
    for task in range(6):
        clock, held = 0, set()
        for _ in range(10):
            begin = clock + dice.randint(0, 5)
            clock = begin + dice.randint(1, 5)
            rows.append((task, HELD, begin, clock))
            held |= set(range(begin, clock))
        clock = 0
        for _ in range(10):
            begin = clock + dice.randint(0, 5)
            clock = begin + dice.randint(1, 5)
            rows.append((task, WAITING, begin, clock))
            wanted += len(held & set(range(begin, clock)))
    assert facts_of(run("asyncio", 6, 200, rows)).blocked() == wanted * MS


# --- the timeline ------------------------------------------------------------------------


def test_the_strip_says_what_one_holds():
    def strip(one, gil=True):
        return texts(svgs(charts.timeline_html([one], gil=gil))[0])

    assert "holds the GIL: 203 of 203 ms" in strip(turns("threads", 3, 40, 4.97))
    assert "runs Python: 203 of 203 ms" in strip(turns("threads", 3, 40, 4.97), gil=False)
    assert "holds the loop: 203 of 203 ms" in strip(turns("asyncio", 3, 40, 4.97))
    assert "running: not observed" in strip(waits("sequential", apart=10))
    both = run("processes", 2, 50, [(0, RUNNING, 0, 50), (1, RUNNING, 10, 50)])
    assert "running: 50.0 of 50.0 ms, up to 2 at once" in strip(both)


def test_the_title_has_the_measured_number_and_the_legend_only_what_is_there():
    words_of = texts(svgs(charts.timeline_html([waits("asyncio"), waits("threads")]))[0])
    assert "asyncio: 10.5 ms" in words_of
    assert "threads: 10.5 ms" in words_of
    assert "waiting" in words_of
    assert not {"running Python", "ready, waiting its turn", "you said"} & set(words_of)


def test_what_the_learner_said_is_drawn_or_pointed_at():
    def drawn(said):
        return texts(svgs(charts.timeline_html([waits("asyncio")], {"asyncio": said}))[0])

    assert {"you said 30.0 ms", "30"} <= set(drawn(0.03))  # the scale grew to hold it
    assert "you said 5.00 s →" in drawn(5.0)
    assert "30" not in drawn(5.0)


@pytest.mark.parametrize(("tasks", "lanes"), [(60, True), (61, False)])
def test_up_to_sixty_tasks_have_lanes(tasks, lanes):
    html = charts.timeline_html([waits("threads", tasks, apart=0.1)])
    svg = svgs(html)[0]
    assert ("task 0" in texts(svg)) == lanes
    assert (f"most in flight: {tasks}" in texts(svg)) != lanes
    assert [svg.count(f'class="cav-{t}"') for t in ("day", "night")] == (
        [0, 0] if lanes else [1, 1]
    )
    assert ("<caption>threads, the recorded run: milliseconds by task</caption>" in html) == lanes


def test_a_sliver_is_enlarged_where_there_is_room():
    def drawn(**said):
        runs = [waits("sequential", 20, apart=10), waits("asyncio", 20)]
        return [t for t in texts(svgs(charts.timeline_html(runs, said))[0]) if "enlarged" in t]

    assert len(drawn()) == 1
    assert drawn(asyncio=0.15) == drawn(asyncio=0.15)[:1]  # beside the dashed line
    runs = [waits("sequential", 20, apart=10), waits("asyncio", 20, each=60)]
    assert not any("enlarged" in t for t in texts(svgs(charts.timeline_html(runs))[0]))


def test_where_states_alternate_faster_than_pixels_each_keeps_its_share():
    from helpers.charts import panel

    rows = []
    for k in range(3000):  # a fifth running, four fifths ready, 0.1 ms a turn
        rows += [(0, RUNNING, k * 0.1, k * 0.1 + 0.02), (0, READY, k * 0.1 + 0.02, k * 0.1 + 0.1)]
    facts = facts_of(run("threads", 1, 300, rows))
    columns = panel.by_pixel(facts, 300 * MS, 200)
    share = {s: (columns[s][2] - columns[s][1]).sum() / (300 * MS) for s in (RUNNING, READY)}
    assert share[RUNNING] == pytest.approx(0.2, abs=0.01)
    assert share[READY] == pytest.approx(0.8, abs=0.01)


def test_the_raster_counts_what_is_in_flight():
    from helpers.charts import raster

    facts = facts_of(waits("asyncio", 100, each=10, apart=0.1))
    levels, edges = raster.in_flight(facts, facts.wall, 50)
    width = edges[1] - edges[0]
    assert set(levels) == {WAITING}
    assert levels[WAITING].sum() * width == pytest.approx(100 * 10 * MS)
    assert levels[WAITING].max() <= facts.peak == 100
    image = raster.pixels(raster.weights(facts, facts.wall, 50, 100), 100, 100, 0)
    assert image[0, 0, 3] == 255  # task 0 waits from the start
    assert image[0, -1, 3] == 0
    assert image[-1, 0, 3] == 0
    assert image[-1, -3, 3] == 255


# --- times, sweep, card, results ---------------------------------------------------------


def test_the_axis_is_logarithmic_only_for_times_far_apart_and_says_so():
    def drawn(one):
        return texts(svgs(charts.comparison_html(one))[1])

    assert "wall time" in drawn(three())
    far = comparison(waits("sequential", 30, apart=10), waits("asyncio", 30))
    assert "wall time, logarithmic axis" in drawn(far)
    assert {"304 ms, median of 3", "300 ms"} <= set(drawn(far))


def test_the_table_has_what_was_used():
    html = charts.comparison_html(three(said={"threads": 0.03}))
    rows = dict(re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', html))
    cells = {name: re.findall("<td>(.*?)</td>", row) for name, row in rows.items()}
    assert cells["median, ms"] == ["40.9", "10.6", "10.6"]
    assert cells["repeats"] == ["3", "3", "3"]
    assert cells["you said, ms"] == ["–", "–", "30.0"]
    assert cells["cores used"] == ["0.50"] * 3
    assert cells["context switches, voluntary"] == ["12"] * 3
    assert cells["peak memory growth, MB"] == ["1.5"] * 3
    assert "loop lag, median, ms" not in cells


def sweep(*, close=False):
    def point(n):
        apart = 0.01 if close else 10
        slow = waits("sequential", n, apart=apart, each=10.1)
        return comparison(slow, waits("asyncio", n), waits("threads", n, each=10.05), repeats=9)

    return Sweep({n: point(n) for n in (2, 10)})


def test_a_sweep_labels_each_line_at_its_end_and_tells_the_growth():
    html = charts.sweep_html(sweep())
    shown = texts(svgs(html)[0])
    for name in ("sequential 105 ms", "asyncio 10.9 ms", "threads 11.0 ms"):
        assert name in shown
    assert {"2", "10"} <= set(shown)
    assert captions(html)[0].startswith(
        "From 2 to 10 tasks, sequential came to take 4.9× as long, asyncio 1.00× and threads 1.00×."
    )
    assert "too close to name a fastest" in captions(html)[0]
    assert "sequential: 2 tasks 21.4 ms, 10 tasks 105 ms" in labels(html)[0]
    assert "<caption>Median wall time in milliseconds</caption>" in html


def test_labels_keep_apart_and_inside():
    from helpers.charts.sweep import spread

    dice = random.Random(5)
    for _ in range(200):
        places = {f"m{k}": dice.uniform(0, 300) for k in range(5)}
        found = spread(places, 17, 0, 300)
        ordered = sorted(found.values())
        assert all(b - a >= 17 - 1e-6 for a, b in itertools.pairwise(ordered))
        assert ordered[0] >= -1e-6
        assert ordered[-1] <= 300 + 1e-6
        assert sorted(places, key=places.get) == sorted(found, key=found.get)


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"cores": 1.0}, "One usable core"), ({}, "Python code in threads can&#x27;t"),
     ({"gil": False}, "no GIL: Python code in threads can use them")],
)  # fmt: skip
def test_the_card_says_what_the_machine_can_show(changes, text):
    html = charts.machine_html(Machine(**{**MACHINE.as_dict(), **changes}))
    assert text in html
    assert "CPython 3.12.1" in html


def test_results_show_themselves():
    shown = ShownComparison.of(three())
    bundle = shown._repr_mimebundle_()
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["text/plain"] == "\n".join(three().summary()) == str(shown)
    assert shown.wall("asyncio") == three().wall("asyncio")
    assert "<svg" in ShownSweep.of(sweep())._repr_html_()
    assert MACHINE.sentence() == ShownMachine.of(MACHINE)._repr_mimebundle_()["text/plain"]


def test_a_fragment_without_runs_still_says_something():
    assert "no timeline" in charts.timeline_html([])
    assert "<svg" not in charts.timeline_html([])
    assert fragments.comparison_html(three()).startswith("<style>")
