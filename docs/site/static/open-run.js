// Opens a run file in a page without a kernel, and replays it.
//
// A file from somebody else is data: its size is limited before and after it is unpacked, each
// number is checked, and what it says is shown as text. The rules are those of
// helpers.course.runs, which is what writes such files.

(() => {
  const LARGEST = 16e6;
  const LARGEST_UNPACKED = 128e6;
  const MOST_TASKS = 100_000;
  const MOST_CELLS = 2_000_000;
  const LONGEST_NS = 86_400e9;
  const LARGEST_INT32 = 2 ** 31 - 1;

  class Refused extends Error {}

  const damaged = (what) => new Refused(`This run file is damaged or was changed: ${what}.`);

  // The text of a file, gzipped or not; never more of it than the limit.
  async function textOf(file) {
    if (file.size > LARGEST) {
      throw new Refused("This file is larger than 16 MB, which no run of the course is.");
    }
    const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const zipped = start[0] === 0x1f && start[1] === 0x8b;
    let stream = file.stream();
    if (zipped) stream = stream.pipeThrough(new DecompressionStream("gzip"));
    const reader = stream.getReader();
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let [size, text] = [0, ""];
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text + decoder.decode();
        size += value.length;
        if (size > LARGEST_UNPACKED) break;
        text += decoder.decode(value, { stream: true });
      }
    } catch {
      throw new Refused("This file can't be unpacked: it is damaged, or its end is missing.");
    }
    await reader.cancel();
    throw new Refused("This file unpacks to more than 128 MB, which no run of the course does.");
  }

  function parsed(text) {
    let run;
    try {
      run = JSON.parse(text);
    } catch {
      run = null;
    }
    if (run?.format !== "async-or-threads run") {
      throw new Refused("This is not a run file of the course: result.save(name) writes one.");
    }
    if (run.version !== 1) {
      throw new Refused("This run file was written by another version of the course.");
    }
    return run;
  }

  function words(value, name, most = 200) {
    if (typeof value !== "string" || value.length > most) throw damaged(`${name} is no text`);
    return value;
  }

  function whole(value, name, least, most) {
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw damaged(`${name} holds a number that can't be`);
    }
    return value;
  }

  function column(trace, name, least, most, length) {
    const values = trace[name];
    if (!Array.isArray(values) || values.length > MOST_CELLS) throw damaged(`${name} is missing`);
    if (length !== undefined && values.length !== length) {
      throw damaged(`${name} does not have the length of the others`);
    }
    for (const one of values) whole(one, name, least, most);
    return values;
  }

  // A trace's rows as [task, state, begin, end], in ns.
  function rowsOf(trace, tasks, states) {
    const task = column(trace, "task", 0, tasks - 1);
    const state = column(trace, "state", 0, states - 1, task.length);
    const steps = column(trace, "begin", -LONGEST_NS, LONGEST_NS, task.length);
    const spans = column(trace, "span", 1, LONGEST_NS, task.length);
    let begin = 0;
    return task.map((number, k) => {
      begin = whole(begin + steps[k], "begin", -LONGEST_NS, LONGEST_NS);
      return [number, state[k], begin, begin + spans[k]];
    });
  }

  // Rows [how many, begin, end] of how many of the intervals there are, where there are any.
  function levels(intervals) {
    const edges = intervals.flatMap(([begin, end]) => [[begin, 1], [end, -1]]);
    edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const found = [];
    let [high, since] = [0, 0];
    for (const [moment, step] of edges) {
      if (high > 0 && moment > since) found.push([high, since, moment]);
      high += step;
      since = moment;
    }
    return found;
  }

  // The most at once, for more than a stray moment: a five-hundredth of the run.
  function mostAtOnce(found, wall) {
    const lasted = new Map();
    for (const [high, begin, end] of found) lasted.set(high, (lasted.get(high) ?? 0) + end - begin);
    let above = 0;
    for (const high of [...lasted.keys()].sort((a, b) => b - a)) {
      above += lasted.get(high);
      if (above > wall / 500) return high;
    }
    return found.length ? 1 : 0;
  }

  function stripOf(model, trace, rows, known, gil) {
    const { HELD, RUNNING, COMPUTING_IN_C } = known.ids;
    const looped = rows.some((row) => row[1] === HELD);
    const own = !known.models.includes(model) && !trace.apart && new Set(trace.lanes).size > 1;
    const threaded = !looped && (known.threaded.includes(model) || own);
    const holding = looped ? [HELD] : threaded ? [RUNNING] : [RUNNING, COMPUTING_IN_C];
    const held = rows.filter((row) => holding.includes(row[1]));
    const counted = levels(held.map((row) => [row[2], row[3]]));
    const most = mostAtOnce(counted, trace.wall_ns);
    const said = looped ? "holds the loop" : !threaded ? "running" : gil ? "holds the GIL" : "runs Python";
    const strip = most > 1 ? counted : held.map((row) => [row[0], row[2], row[3]]);
    strip.sort((a, b) => a[1] - b[1]);
    const more = most > 1 ? `, up to ${most} at once` : "";
    return { strip, most, words: (held.length ? said : `${said}: not observed`) + more };
  }

  function flightOf(started, ended) {
    const edges = [];
    started.forEach((begin, k) => {
      if (begin < 0) return;
      edges.push([begin, 1]);
      if (ended[k] >= 0) edges.push([ended[k], -1]);
    });
    edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let [flying, done] = [0, 0];
    return [[0, 0, 0], ...edges.map(([moment, step]) => {
      flying += step;
      done += Number(step < 0);
      return [moment, flying, done];
    })];
  }

  // What replay.js plays, as helpers.charts.replay.data makes it in Python.
  function replayOf(run, known) {
    const tasks = whole(run.request?.tasks, "tasks", 1, MOST_TASKS);
    const machine = run.machine ?? {};
    const gil = machine.gil !== false;
    const runs = Object.entries(run.runs ?? {}).filter(([, one]) => one?.trace);
    if (!runs.length || runs.length > 20) throw damaged("no run in it was recorded");
    const walls = runs.map(([, one]) => whole(one.trace.wall_ns, "wall_ns", 0, LONGEST_NS));
    const span = Math.max(1, ...walls);
    const tick = Math.ceil((2 * span) / LARGEST_INT32);
    const numbers = [];
    let length = 0;
    const put = (rows) => {
      const flat = Int32Array.from(rows.flat());
      numbers.push(flat);
      length += flat.length;
      return [length - flat.length, flat.length];
    };
    const ticks = (ns) => Math.max(-1, Math.min(LARGEST_INT32, Math.floor(ns / tick)));
    const kitchens = runs.map(([name, { trace }]) => {
      const model = words(name, "a model's name", 80);
      const rows = rowsOf(trace, tasks, known.names);
      const started = column(trace, "started", -LONGEST_NS, LONGEST_NS, tasks);
      const ended = column(trace, "ended", -LONGEST_NS, LONGEST_NS, tasks);
      column(trace, "lanes", -LONGEST_NS, LONGEST_NS, tasks);
      const strip = stripOf(model, trace, rows, known, gil);
      const flight = flightOf(started, ended);
      const peak = flight.reduce((most, row) => Math.max(most, row[1]), 0);
      const sums = {};
      for (const [, state, begin, end] of rows) sums[state] = (sums[state] ?? 0) + end - begin;
      const drawn = rows.filter((row) => known.states.some((one) => one.id === row[1]));
      const reading = `${model}: at most ${peak} of ${tasks} tasks were in flight at once.`;
      return {
        model, tasks, wall: ticks(Math.max(1, trace.wall_ns)), reading, alt: reading, peak,
        sums_ns: Object.fromEntries(known.states.filter((one) => sums[one.id])
          .map((one) => [one.id, sums[one.id]])),
        strip_words: strip.words, strip_most: strip.most,
        cells: put(drawn.map(([task, state, a, b]) => [task, state, ticks(a), ticks(b)])),
        strip: put(strip.strip.map(([what, a, b]) => [what, ticks(a), ticks(b)])),
        flight: put(flight.map(([moment, flying, done]) => [ticks(moment), flying, done])),
      };
    });
    const all = new Int32Array(length);
    let at = 0;
    for (const one of numbers) {
      all.set(one, at);
      at += one.length;
    }
    const cores = Number(machine.cores);
    if (!(cores > 0)) throw damaged("the machine has no cores");
    const card = `${words(machine.implementation, "machine")} ${words(machine.python, "machine")} ` +
      `${gil ? "with" : "without"} the GIL, ${cores} usable core${cores === 1 ? "" : "s"}, ` +
      `${words(machine.system, "machine")}, ${words(machine.when, "machine")}`;
    const title = `${tasks.toLocaleString("en-US")} × ${words(run.request.workload?.title, "the title")}`;
    return {
      numbers: all,
      data: {
        title, machine: card, tick_ns: tick, span: ticks(span), kitchens,
        label: `Recorded on ${words(run.saved, "the day")}, not measured now. The machine was: ${card}.`,
        colours: known.colours, states: known.states,
      },
    };
  }

  window.openRun = { textOf, parsed, replayOf };

  for (const place of document.querySelectorAll(".course-open-run")) {
    const known = JSON.parse(place.querySelector("script").textContent);
    const [said, shown] = [document.createElement("p"), document.createElement("div")];
    said.setAttribute("role", "status");
    const label = document.createElement("label");
    const chooser = document.createElement("input");
    chooser.type = "file";
    chooser.accept = ".gz,.json";
    label.append("Run file: ", chooser);
    place.append(label, said, shown);
    let latest = 0;
    let end = () => {};
    chooser.addEventListener("change", async () => {
      const [file] = chooser.files;
      const number = ++latest;
      if (!file) return;
      said.textContent = "Reading the file.";
      end();
      end = () => {};
      shown.replaceChildren();
      try {
        const { data, numbers } = replayOf(parsed(await textOf(file)), known);
        if (number !== latest) return; // another file was chosen meanwhile
        const element = document.createElement("div");
        shown.append(element);
        end = await courseWidgets.show("replay", { replay_data: data, numbers }, element);
        said.textContent = `${file.name}: ${data.title}.`;
      } catch (error) {
        if (number !== latest) return;
        const ours = error instanceof Refused;
        said.textContent = ours ? error.message : "This run file is damaged or was changed.";
      }
    });
  }
})();
