// Be the event loop: pick which ready task runs next, in virtual time.
//
//   buildLoop(data) gives { element, destroy } for any page.
//
// `data` is what helpers.charts.replay.turns makes. A schedule is nothing but the list of picks:
// everything shown follows from it, so that to undo is to leave out the last one. The default
// export is for anywidget. All text goes in as text, never as HTML.

const KINDS = { run: "running", ready: "ready, waiting its turn", wait: "waiting" };

const ms = (time) => `${Math.round(time)} ms`;

// What follows from a list of picks (numbers of tasks). A pick of a task that is not ready ends it.
export function simulate(tasks, picks) {
  const states = tasks.map(() => ({ at: 0, ready: 0, done: null }));
  const rows = [];
  const rests = [];
  const open = () => states.filter((one) => one.done === null);
  let now = 0;
  for (const task of picks) {
    const state = states[task];
    if (!state || state.done !== null || state.ready > now) break;
    const { steps } = tasks[task];
    if (now > state.ready) rows.push([task, "ready", state.ready, now]);
    rows.push([task, "run", now, now + steps[state.at]]);
    now += steps[state.at];
    if (state.at + 1 < steps.length) {
      state.ready = now + steps[state.at + 1];
      rows.push([task, "wait", now, state.ready]);
      state.at += 2;
    } else state.done = now;
    const left = open();
    const next = Math.min(...left.map((one) => one.ready));
    if (left.length && next > now) {
      rests.push([now, next]);
      now = next;
    }
  }
  return { rows, rests, now, states, ended: open().length === 0 };
}

function axis(span) {
  const step = [5, 10, 20, 50, 100, 200, 500, 1000].find((one) => span / one <= 6) ?? 2000;
  const made = element("div", "cav-loop-axis");
  made.setAttribute("aria-hidden", "true");
  for (let time = 0; time <= span; time += step) {
    const tick = element("span", "", time + step > span ? ms(time) : String(time));
    tick.style.left = `${(100 * time) / span}%`;
    made.append(tick);
  }
  return made;
}

function paintLane(lane, rows, span, name, now = null) {
  lane.replaceChildren();
  const told = [];
  for (const [, kind, begin, end] of rows) {
    // what is still to come of a wait is known, and shown faintly
    const cut = now === null || end <= now ? end : Math.max(begin, now);
    const parts = [[begin, cut], [cut, end]]; // prettier-ignore
    for (const [index, [from, to]] of parts.entries()) {
      if (to <= from) continue;
      const bar = element("span", `cav-loop-bar cav-loop-${kind}`);
      if (index) bar.classList.add("cav-loop-to-come");
      bar.style.left = `${(100 * from) / span}%`;
      bar.style.width = `${(100 * (to - from)) / span}%`;
      lane.append(bar);
    }
    told.push(`${KINDS[kind]} ${ms(begin)} to ${ms(end)}`);
  }
  lane.setAttribute("aria-label", `${name}: ${told.join(", ") || "has not run"}`);
}

function stepsWords(steps) {
  return steps.map((time, at) => (at % 2 ? `wait ${time}` : `run ${time}`)).join(", ") + " ms";
}

export function buildLoop(data) {
  const { tasks, real } = data;
  const most = tasks.flatMap((one) => one.steps).reduce((sum, time) => sum + time, 0);
  const span = Math.max(real.ms, most) * 1.02;
  const picks = [];

  const root = element("div", "cav-player cav-loop");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Be the event loop");
  const status = element("p", "cav-loop-status");
  status.setAttribute("role", "status");
  const undo = element("button", "", "Undo");
  const over = element("button", "", "Start over");
  const show = element("button", "", "Show what asyncio did");
  const yours = element("div", "cav-loop-lanes");
  const lines = tasks.map((task, number) => {
    const button = element("button", "cav-loop-pick", `Run ${task.name}`);
    const note = element("span", "cav-loop-note");
    const lane = element("div", "cav-loop-lane");
    lane.setAttribute("role", "img");
    const head = element("div", "cav-loop-head", button, note);
    yours.append(head, lane);
    note.id = `cav-loop-${Math.random().toString(36).slice(2)}`;
    button.setAttribute("aria-describedby", note.id);
    button.addEventListener("click", () => pick(number));
    return { button, note, lane };
  });
  yours.append(element("span", "cav-loop-gap"), axis(span));

  const theirs = element("section", "cav-loop-real");
  const lanes = element("div", "cav-loop-lanes");
  for (const [number, task] of tasks.entries()) {
    const lane = element("div", "cav-loop-lane");
    lane.setAttribute("role", "img");
    paintLane(lane, real.rows.filter((row) => row[0] === number), span, task.name);
    lanes.append(element("div", "cav-loop-head", task.name), lane);
  }
  lanes.append(element("span", "cav-loop-gap"), axis(span));
  const noise = "Where no task runs though one is ready, another program had the core.";
  theirs.append(
    element("p", "cav-player-title", `asyncio, measured: ${ms(real.ms)}`),
    lanes,
    element("p", "cav-loop-small", `Measured: ${data.machine}. ${noise}`),
  );
  theirs.hidden = true;

  const legend = element("ul", "cav-player-legend");
  for (const [kind, words] of Object.entries(KINDS)) {
    legend.append(element("li", "", element("span", `cav-loop-bar cav-loop-${kind}`), words));
  }
  for (const one of [undo, over, show, ...lines.map((line) => line.button)]) {
    one.type = "button";
    one.dataset.lmSuppressShortcuts = "true"; // Space and Enter are the button's
  }
  const virtual = "Your time is virtual: the steps take what they say, and nothing else takes any.";
  root.append(
    element("p", "cav-player-title", "You are the event loop. Which ready task runs next?"),
    status,
    yours,
    element("div", "cav-loop-bar-of-buttons", undo, over, show),
    element("p", "cav-loop-small", virtual),
    theirs,
    legend,
  );

  const noteOf = (state, now) => {
    if (state.done !== null) return `done at ${ms(state.done)}`;
    if (state.ready > now) return `waits till ${ms(state.ready)}`;
    return "ready";
  };
  const update = (said = "") => {
    const seen = simulate(tasks, picks);
    for (const [number, { button, note, lane }] of lines.entries()) {
      const state = seen.states[number];
      const ready = state.done === null && state.ready <= seen.now;
      // not `disabled`: who works by keyboard would lose the place
      button.setAttribute("aria-disabled", String(!ready));
      note.replaceChildren(
        element("strong", "", noteOf(state, seen.now)),
        element("br"),
        stepsWords(tasks[number].steps),
      );
      const rows = seen.rows.filter((row) => row[0] === number);
      if (ready && seen.now > state.ready) rows.push([number, "ready", state.ready, seen.now]);
      paintLane(lane, rows, span, tasks[number].name, seen.now);
    }
    for (const one of [undo, over]) one.setAttribute("aria-disabled", String(!picks.length));
    show.setAttribute("aria-pressed", String(!theirs.hidden));
    status.textContent = said || words(seen);
  };
  const words = (seen) => {
    const [began, until] = seen.rests.at(-1) ?? [];
    const parts = [];
    if (!seen.ended) {
      parts.push(`It is ${ms(seen.now)}.`);
      if (until === seen.now) parts.push(`The loop rested from ${ms(began)}: no task was ready.`);
    } else {
      parts.push(`All are done. Your order takes ${ms(seen.now)}.`);
      if (data.order_ms !== null) parts.push(`asyncio's order takes ${ms(data.order_ms)}.`);
      const best = seen.now <= data.best_ms;
      parts.push(best ? "No order is faster." : `The best order takes ${ms(data.best_ms)}.`);
      parts.push(`Measured, asyncio took ${ms(real.ms)}.`);
    }
    return parts.join(" ");
  };
  const pick = (number) => {
    const before = simulate(tasks, picks);
    const state = before.states[number];
    if (state.done !== null || state.ready > before.now) {
      update(`${tasks[number].name} can't run now: ${noteOf(state, before.now)}.`);
      return;
    }
    picks.push(number);
    if (simulate(tasks, picks).ended) theirs.hidden = false;
    update();
  };
  undo.addEventListener("click", () => {
    picks.pop();
    update();
  });
  over.addEventListener("click", () => {
    picks.length = 0;
    update();
  });
  show.addEventListener("click", () => {
    theirs.hidden = !theirs.hidden;
    update();
  });

  const paint = () => {
    for (const [name, pair] of Object.entries(data.colours)) {
      root.style.setProperty(`--p-${name}`, pair[Number(isDark())]);
    }
  };
  const destroy = followTheme(paint);
  paint();
  update();
  return { element: root, destroy };
}

function render({ model, el }) {
  const built = buildLoop(model.get("loop_data"));
  el.append(built.element);
  return built.destroy;
}

export default { render };
