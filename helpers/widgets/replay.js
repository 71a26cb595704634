// A replay: recorded runs in slow motion, beside one another, under one scrubber.
//
//   buildReplay(data, numbers) gives { element, destroy } for any page.
//
// `data` and `numbers` (an Int32Array) are what helpers.charts.replay.data makes. Only what was
// recorded is drawn. Each run's whole picture is painted once, when its size or the theme
// changes; a frame shows it up to the moment of the scrubber, so that a frame costs the same
// for five tasks and for five thousand. The default export is for anywidget.

const MOST_LANES = 60;
const LANE = { least: 3, most: 24 };
const STRIP = 16;
const GAP = 6;
const COUNT = 90; // pixels of the chart of tasks in flight, under a raster
const RASTER = 240;
const HATCH = 6; // pixels from one line of a hatch to the next
const MARGIN = 48; // room for the numbers of tasks
const RIGHT = 18;
const TEXT = 15; // pixels, the size of text for which all these are meant
const AXIS = 22; // the numbers below the picture
const HEAD = 20; // room for a title between the raster and what is below it
const LONGEST_FRAME = 100; // ms; a page that was hidden goes on from where it was
const PICTURES = 10; // where the reader asked for no motion, so many still pictures
const PICTURE_MS = 800;
const NAMED = 4; // tasks at one line that are named; of more their number is told
const TO_COME = 0.16; // how faint the part is that is still to be played
const PLAY_S = 8; // how long a replay takes at the speed it begins with
const SLOWER = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

// 84 µs, 51.9 ms, 1.01 s
function duration(ns) {
  if (ns === 0) return "0 ms";
  const [unit, size] = ns >= 1e9 ? ["s", 1e9] : ns >= 1e6 ? ["ms", 1e6] : ["µs", 1e3];
  const value = ns / size;
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
}

const count = (number) => number.toLocaleString("en-US");

// At most `most` round steps from 0 to `end`, as [ns, words]; one unit for all.
function ticks(end, most) {
  const [unit, size] = end >= 3e9 ? ["s", 1e9] : end >= 2e6 ? ["ms", 1e6] : ["µs", 1e3];
  const raw = end / size / Math.max(1, most);
  const ten = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * ten >= raw * 0.999) * ten;
  const found = [];
  for (let k = 0; k * step * size <= end * 1.0001; k += 1) {
    const value = Number((k * step).toPrecision(6));
    found.push([k * step * size, value.toLocaleString("en-US")]);
  }
  found.at(-1)[1] += ` ${unit}`;
  return found;
}

// The last row of `rows` that is not after `moment`; rows are `width` numbers, sorted by the one
// at `at`.
function rowBefore(rows, width, at, moment) {
  let low = 0;
  let high = rows.length / width;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle * width + at] <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function hatched(context, state, theme, scale) {
  if (!state.hatch) return null;
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH * scale;
  const pen = tile.getContext("2d");
  pen.scale(scale, scale);
  pen.strokeStyle = state.hatch_colour[theme];
  pen.lineWidth = 1.3;
  pen.beginPath();
  if (state.hatch === "bars") {
    pen.moveTo(3, 0);
    pen.lineTo(3, 6);
  } else {
    for (const shift of [-6, 0, 6]) {
      pen.moveTo(shift - 1, 7);
      pen.lineTo(shift + 7, -1);
    }
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}

// --- one run ---------------------------------------------------------------------------------

class Kitchen {
  constructor(run, data, numbers) {
    this.run = run;
    this.data = data;
    const part = ([start, length]) => numbers.subarray(start, start + length);
    this.cells = part(run.cells);
    this.strip = part(run.strip);
    this.flight = part(run.flight);
    this.lanes = run.tasks <= MOST_LANES;
    this.canvas = element("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", run.alt);
    this.now = element("p", "cav-replay-now");
    const wall = duration(run.wall * data.tick_ns);
    this.element = element("section", "cav-replay-kitchen");
    this.element.append(
      element("p", "cav-replay-title", `${run.model}: ${wall}`),
      element("p", "cav-replay-small", run.strip_words),
      this.canvas,
      this.now,
    );
    if (run.code) this.element.append(this.#codeBox(part(run.lines)));
    this.byTask = this.lanes ? this.#cellsByTask() : [];
    this.painted = null;
  }

  #cellsByTask() {
    const found = Array.from({ length: this.run.tasks }, () => []);
    for (let k = 0; k < this.cells.length; k += 4) found[this.cells[k]].push(k);
    for (const own of found) own.sort((a, b) => this.cells[a + 2] - this.cells[b + 2]);
    return found;
  }

  get height() {
    if (!this.lanes) return STRIP + GAP + RASTER + HEAD + COUNT + AXIS;
    return STRIP + GAP + this.run.tasks * this.lane + AXIS;
  }

  get lane() {
    return Math.max(LANE.least, Math.min(LANE.most, Math.floor(360 / this.run.tasks)));
  }

  x(moment) {
    return MARGIN + (moment / this.data.span) * (this.width - MARGIN - RIGHT);
  }

  // The whole run, painted once; its size is that of the page.
  paint(theme) {
    // everything grows with the text: presenters and readers choose its size
    const zoom = (Number.parseFloat(getComputedStyle(this.element).fontSize) || TEXT) / TEXT;
    const scale = (window.devicePixelRatio || 1) * zoom;
    const width = Math.max(200, Math.floor((this.element.clientWidth || 640) / zoom));
    const name = `${width} ${scale} ${theme}`;
    if (this.painted === name) return;
    this.painted = name;
    Object.assign(this, { width, scale, theme });
    const [w, h] = [Math.round(width * scale), Math.round(this.height * scale)];
    this.canvas.width = w;
    this.canvas.height = h;
    this.canvas.style.height = `${this.height * zoom}px`;
    this.whole = document.createElement("canvas");
    this.whole.width = w;
    this.whole.height = h;
    const pen = this.whole.getContext("2d");
    pen.scale(scale, scale);
    this.looks = new Map();
    for (const state of this.data.states) {
      const fill = state.fill[theme];
      this.looks.set(state.id, { fill, hatch: hatched(pen, state, theme, scale), state });
    }
    this.#paintStrip(pen);
    if (this.lanes) this.#paintLanes(pen);
    else {
      this.#paintRaster(pen);
      this.#paintFlight(pen);
    }
  }

  #colour(name) {
    return this.data.colours[name][this.theme];
  }

  #box(pen, state, left, right, top, height) {
    const look = this.looks.get(state);
    const wide = Math.max(0.7, right - left);
    pen.fillStyle = look.fill;
    pen.fillRect(left, top, wide, height);
    if (look.hatch && wide > 2) {
      pen.fillStyle = look.hatch;
      pen.fillRect(left, top, wide, height);
    }
    if (look.state.edge && wide > 3 && height > 5) {
      pen.strokeStyle = look.state.edge[this.theme];
      pen.lineWidth = 0.8;
      pen.strokeRect(left + 0.4, top + 0.4, wide - 0.8, height - 0.8);
    }
  }

  #paintStrip(pen) {
    const running = this.data.states.at(-1).fill[this.theme];
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let k = 0; k < this.strip.length; k += 3) {
      const [who, begin, end] = this.strip.subarray(k, k + 3);
      const [left, right] = [this.x(begin), this.x(end)];
      // `who` is the task; where several ran at once, how many: as high as they are many
      const height = this.run.strip_most > 1 ? (STRIP * who) / this.run.strip_most : STRIP;
      pen.fillStyle = running;
      pen.fillRect(left, STRIP - height, Math.max(0.7, right - left), height);
      if (this.run.strip_most > 1) continue;
      pen.fillStyle = this.#colour("bg");
      if (right - left > 3) pen.fillRect(right - 0.6, 0, 0.6, STRIP);
      if (right - left < 5 + 7 * String(who).length) continue;
      pen.fillText(who, (left + right) / 2, STRIP / 2 + 1);
    }
  }

  #paintLanes(pen) {
    const top = STRIP + GAP;
    const pad = this.lane > 8 ? 2 : 0.5;
    for (const { id } of this.data.states) {
      for (let k = 0; k < this.cells.length; k += 4) {
        if (this.cells[k + 1] !== id) continue;
        const y = top + this.cells[k] * this.lane + pad;
        const [left, right] = [this.x(this.cells[k + 2]), this.x(this.cells[k + 3])];
        this.#box(pen, id, left, right, y, this.lane - 2 * pad);
      }
    }
  }

  // Each pixel is the mix of what its tasks did in its stretch of time.
  #paintRaster(pen) {
    const columns = Math.max(1, Math.floor((this.width - MARGIN - RIGHT) * this.scale));
    const rows = Math.min(this.run.tasks, Math.round(RASTER * this.scale));
    const ids = this.data.states.map((state) => state.id);
    const weights = ids.map(() => new Float32Array(rows * columns));
    const perTick = columns / this.data.span;
    for (let k = 0; k < this.cells.length; k += 4) {
      const layer = weights[ids.indexOf(this.cells[k + 1])];
      const row = Math.floor((this.cells[k] * rows) / this.run.tasks) * columns;
      const begin = Math.min(columns - 1e-3, Math.max(0, this.cells[k + 2] * perTick));
      const end = Math.min(columns - 1e-3, Math.max(begin, this.cells[k + 3] * perTick));
      const [first, last] = [Math.floor(begin), Math.floor(end)];
      if (first === last) layer[row + first] += end - begin;
      else {
        layer[row + first] += first + 1 - begin;
        for (let column = first + 1; column < last; column += 1) layer[row + column] += 1;
        layer[row + last] += end - last;
      }
    }
    const image = new ImageData(columns, rows);
    const each = this.run.tasks / rows;
    const colours = this.data.states.map((state) => rgb(state.fill[this.theme]));
    const lines = this.data.states.map((state) => state.hatch && rgb(state.hatch_colour[this.theme]));
    const high = (RASTER * this.scale) / rows;
    // what runs is brief: a hint of it must stay to be seen
    const weight = this.data.states.map((state, k) => (k >= ids.length - 2 ? 3 : 1));
    for (let cell = 0; cell < rows * columns; cell += 1) {
      let [total, red, green, blue] = [0, 0, 0, 0];
      let lead = 0;
      for (let k = 0; k < ids.length; k += 1) {
        const part = weights[k][cell] * weight[k];
        total += part;
        if (part > weights[lead][cell] * weight[lead]) lead = k;
        red += part * colours[k][0];
        green += part * colours[k][1];
        blue += part * colours[k][2];
      }
      if (!total) continue;
      // hatched as in the legend: where a state prevails, colour is not all that tells it
      const [column, y] = [cell % columns, Math.floor(cell / columns) * high];
      const across = this.data.states[lead].hatch === "bars" ? column : column + y;
      const clear = weights[lead][cell] * weight[lead] > 0.6 * total;
      if (lines[lead] && clear && across % (HATCH * this.scale) < 1.4 * this.scale) {
        [red, green, blue] = lines[lead].map((one) => one * total);
      }
      image.data.set(
        [red / total, green / total, blue / total, 255 * Math.min(1, (1.2 * total) / each)],
        cell * 4,
      );
    }
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = rows;
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, MARGIN, STRIP + GAP, columns / this.scale, RASTER);
  }

  #paintFlight(pen) {
    const top = STRIP + GAP + RASTER + HEAD;
    const most = Math.max(1, this.run.peak);
    const y = (tasks) => top + COUNT * (1 - tasks / most);
    pen.fillStyle = this.#colour("grid");
    pen.strokeStyle = this.#colour("edge");
    pen.beginPath();
    pen.moveTo(this.x(0), y(0));
    let height = 0;
    for (let k = 0; k < this.flight.length; k += 3) {
      const x = this.x(this.flight[k]);
      pen.lineTo(x, y(height));
      height = this.flight[k + 1];
      pen.lineTo(x, y(height));
    }
    pen.lineTo(this.x(this.run.wall), y(height));
    pen.lineTo(this.x(this.run.wall), y(0));
    pen.closePath();
    pen.fill();
    pen.stroke();
  }

  // --- one frame -----------------------------------------------------------------------------

  draw(moment) {
    const pen = this.canvas.getContext("2d");
    const { width, height } = this;
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = TO_COME;
    pen.drawImage(this.whole, 0, 0, width, height);
    pen.globalAlpha = 1;
    const x = this.x(moment);
    const shown = Math.round(x * this.scale);
    const full = this.canvas.height;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, shown, full);
    pen.drawImage(this.whole, 0, 0, shown, full, 0, 0, shown, full);
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.#frame(pen);
    pen.fillStyle = this.#colour("bg");
    pen.fillRect(x - 1.75, 0, 3.5, height - AXIS + 2);
    pen.fillStyle = this.#colour("fg");
    pen.fillRect(x - 0.75, 0, 1.5, height - AXIS + 2);
    this.#stand(moment);
  }

  #frame(pen) {
    pen.fillStyle = this.#colour("mute");
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const top = STRIP + GAP;
    const bottom = this.height - AXIS;
    const last = this.run.tasks - 1;
    if (this.lanes) {
      const step = [1, 2, 5, 10, 20].find((one) => one * this.lane >= 14);
      for (let task = 0; task <= last; task += step) {
        pen.fillText(String(task), MARGIN - 8, top + (task + 0.5) * this.lane);
      }
    } else {
      pen.fillText("0", MARGIN - 8, top + 6);
      pen.fillText(count(last), MARGIN - 8, top + RASTER - 6);
      pen.fillText(count(this.run.peak), MARGIN - 8, bottom - COUNT + 5);
      pen.fillText("0", MARGIN - 8, bottom - 5);
      pen.textAlign = "left";
      pen.fillText("tasks in flight", MARGIN, top + RASTER + HEAD / 2 + 1);
    }
    pen.textAlign = "center";
    const wide = this.width - MARGIN - RIGHT;
    const axis = ticks(this.data.span * this.data.tick_ns, Math.floor(wide / 70));
    for (const [ns, words] of axis) {
      const x = this.x(ns / this.data.tick_ns);
      pen.fillRect(x - 0.5, bottom, 1, 4);
      pen.fillText(words, Math.min(x, this.width - 6 - 3.4 * words.length), this.height - 8);
    }
    pen.strokeStyle = this.#colour("edge");
    pen.lineWidth = 1.5;
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.moveTo(this.x(this.run.wall), 0);
    pen.lineTo(this.x(this.run.wall), bottom);
    pen.stroke();
    pen.setLineDash([]);
  }

  // --- the code ------------------------------------------------------------------------------

  #codeBox(rows) {
    this.stands = Array.from({ length: this.run.tasks }, () => []);
    for (let k = 0; k < rows.length; k += 3) this.stands[rows[k]].push(rows[k + 1], rows[k + 2]);
    const list = element("ol", "cav-replay-code");
    list.tabIndex = 0; // a long line scrolls
    list.setAttribute("aria-label", `Code of ${this.run.model}, and which tasks stand where`);
    this.lines = this.run.code.map((text) => {
      const who = element("span", "cav-replay-who");
      const line = element("li", "", who, element("code", "", text || " "));
      list.append(line);
      return { line, who, told: "" };
    });
    return list;
  }

  // Which tasks stand at each line: a list of numbers a line.
  standing(moment) {
    const found = this.lines.map(() => []);
    for (const [task, own] of this.stands.entries()) {
      const row = rowBefore(own, 2, 0, moment);
      if (row >= 0 && moment < this.run.ends[task]) found[own[row * 2 + 1]].push(task);
    }
    return found;
  }

  #stand(moment) {
    if (!this.lines) return;
    for (const [at, tasks] of this.standing(moment).entries()) {
      const { line, who } = this.lines[at];
      const told = tasks.length > NAMED ? `${tasks.length} tasks` : tasks.join(" ");
      if (told === this.lines[at].told) continue;
      this.lines[at].told = told;
      who.textContent = told;
      line.classList.toggle("cav-replay-here", told !== "");
    }
  }

  // What everyone does at a moment, in words.
  words(moment) {
    const row = rowBefore(this.flight, 3, 0, moment);
    const [inFlight, ended] = row < 0 ? [0, 0] : this.flight.subarray(row * 3 + 1, row * 3 + 3);
    const parts = [`${count(inFlight)} of ${count(this.run.tasks)} in flight`];
    if (this.lanes) {
      const tally = new Map();
      for (const own of this.byTask) {
        const state = this.#stateAt(own, moment);
        if (state !== null) tally.set(state, (tally.get(state) ?? 0) + 1);
      }
      for (const { id, words } of [...this.data.states].reverse()) {
        if (tally.get(id)) parts.push(`${tally.get(id)} ${words}`);
      }
    }
    parts.push(`${count(ended)} ended`);
    return `${parts.join(", ")}.`;
  }

  // The same for the lines of code, for who does not see them marked.
  lineWords(moment) {
    if (!this.lines) return "";
    const all = this.standing(moment);
    const told = all.flatMap((tasks, at) => {
      const text = this.run.code[at].trim();
      const who = tasks.length === 1 ? `task ${tasks[0]} stands` : `${tasks.length} tasks stand`;
      return tasks.length ? [`${who} at "${text}"`] : [];
    });
    return told.length ? ` ${told.join("; ")}.` : "";
  }

  #stateAt(own, moment) {
    let found = null;
    for (const k of own) {
      if (this.cells[k + 2] > moment) break;
      if (moment < this.cells[k + 3]) found = this.cells[k + 1];
    }
    return found;
  }

  edges() {
    const found = [];
    for (let k = 0; k < this.cells.length; k += 4) found.push(this.cells[k + 2], this.cells[k + 3]);
    for (const own of this.stands ?? []) {
      for (let k = 0; k < own.length; k += 2) found.push(own[k]);
    }
    return found;
  }
}

function rgb(colour) {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

// --- the whole -------------------------------------------------------------------------------

export function buildReplay(data, numbers) {
  const kitchens = data.kitchens.map((run) => new Kitchen(run, data, numbers));
  const end = data.span;
  const state = { moment: end, playing: false, last: 0, theme: Number(isDark()) };
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const events = Int32Array.from(kitchens.flatMap((one) => one.edges())).sort();

  const root = element("div", "cav-player cav-replay");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Replay: ${data.title}`);
  const play = element("button", "cav-replay-play", "Play");
  const back = element("button", "", "Step back");
  const step = element("button", "", "Step forward");
  for (const one of [play, back, step]) one.type = "button";
  const scrubber = element("input");
  Object.assign(scrubber, { type: "range", min: 0, max: 1000, step: 1, value: 1000 });
  scrubber.setAttribute("aria-label", "Moment of the replay");
  const speed = element("select");
  const speedLabel = element("label", "", "Speed ", speed);
  const time = element("span", "cav-replay-time"); // not <output>, which is read out at each change
  const spoken = element("p", "cav-replay-spoken"); // for screen readers: the rest shows it
  spoken.setAttribute("role", "status");
  const stage = element("div", "cav-replay-stage", ...kitchens.map((one) => one.element));
  const legend = element("ul", "cav-player-legend");

  const seconds = (end * data.tick_ns) / 1e9;
  const offered = SLOWER.filter((factor) => factor * seconds >= 0.5 && factor * seconds <= 300);
  if (!offered.length) offered.push(seconds > 1 ? 1 : SLOWER.at(-1));
  const off = (factor) => Math.abs(Math.log((factor * seconds) / PLAY_S));
  const fitting = offered.reduce((best, one) => (off(one) < off(best) ? one : best));
  for (const factor of offered) {
    const words = factor === 1 ? "as it was" : `${count(factor)}× slower than it was`;
    speed.append(new Option(words, factor, factor === fitting, factor === fitting));
  }

  if (data.label) root.append(element("p", "cav-replay-label", data.label));
  root.append(
    element("p", "cav-player-title", `Replay: ${data.title}`),
    element("div", "cav-replay-bar", play, back, step, scrubber, speedLabel, time),
    stage,
    legend,
    spoken,
    dataTable(data),
  );
  root.append(element("p", "cav-replay-small", `Machine: ${data.machine}.`));

  const say = () => {
    const at = duration(state.moment * data.tick_ns);
    const what = kitchens.map(
      (one) => `${one.run.model}: ${one.words(state.moment)}${one.lineWords(state.moment)}`,
    );
    spoken.textContent = `At ${at}. ${what.join(" ")}`;
  };
  const show = () => {
    for (const one of kitchens) {
      one.draw(state.moment);
      one.now.textContent = one.words(state.moment);
    }
    scrubber.value = Math.round((1000 * state.moment) / end);
    const at = duration(state.moment * data.tick_ns);
    time.textContent = `${at} of ${duration(end * data.tick_ns)}`;
    scrubber.setAttribute("aria-valuetext", at);
  };
  const paint = () => {
    state.theme = Number(isDark());
    for (const [name, pair] of Object.entries(data.colours)) {
      root.style.setProperty(`--p-${name}`, pair[state.theme]);
    }
    root.style.setProperty("--p-run", data.states.at(-1).fill[state.theme]);
    for (const one of kitchens) one.paint(state.theme);
    paintLegend(legend, data, kitchens, state.theme);
    show();
  };
  const stop = () => {
    state.playing = false;
    clearTimeout(state.timer);
    play.textContent = "Play";
    say();
  };
  const go = (moment) => {
    state.moment = Math.max(0, Math.min(end, moment));
    show();
  };
  const frame = (now) => {
    if (!state.playing) return;
    if (state.last) {
      const since = Math.min(LONGEST_FRAME, now - state.last);
      const passed = (since * 1e6) / (Number(speed.value) * data.tick_ns);
      go(state.moment + passed);
      root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
    }
    state.last = now;
    if (state.moment >= end) stop();
    else requestAnimationFrame(frame);
  };
  // The reader asked for no motion: a still picture, then the next one.
  const picture = () => {
    if (!state.playing) return;
    go((Math.floor((state.moment / end) * PICTURES + 1e-6) + 1) * (end / PICTURES));
    if (state.moment >= end) stop();
    else state.timer = setTimeout(picture, PICTURE_MS);
  };
  const toggle = () => {
    if (state.playing) {
      stop();
      return;
    }
    if (state.moment >= end) state.moment = 0;
    Object.assign(state, { playing: true, last: 0 });
    root.dataset.frames = 0;
    play.textContent = "Pause";
    if (still.matches) picture();
    else requestAnimationFrame(frame);
  };
  // From event to event; of thousands, those that a pixel tells apart.
  const least = Math.max(1, Math.floor(end / 2000));
  const forth = () => {
    const at = rowBefore(events, 1, 0, state.moment + (events.length > 4000 ? least : 0));
    go(at + 1 < events.length ? events[at + 1] : end);
  };
  const backward = () => {
    const from = state.moment - (events.length > 4000 ? least : 1);
    const at = rowBefore(events, 1, 0, from);
    go(at >= 0 ? events[at] : 0);
  };
  const byHand = (move) => {
    if (state.playing) stop();
    move();
    say();
  };
  play.addEventListener("click", toggle);
  step.addEventListener("click", () => byHand(forth));
  back.addEventListener("click", () => byHand(backward));
  scrubber.addEventListener("input", () => {
    byHand(() => go((Number(scrubber.value) / 1000) * end));
  });
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "The runs. Space plays, arrow keys step, Home and End.");
  const onStage = {
    ArrowRight: () => byHand(forth),
    ArrowLeft: () => byHand(backward),
    Home: () => byHand(() => go(0)),
    End: () => byHand(() => go(end)),
  };
  // Space plays where it has no meaning of its own; the arrow keys of the scrubber stay its own.
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = event.target === stage ? onStage[event.key] : undefined;
    const free = event.target === stage || event.target === scrubber;
    const does = act ?? (event.key === " " && free ? toggle : undefined);
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  });
  // JupyterLab takes arrow keys and Space for its own, unless the focused element says so
  for (const one of root.querySelectorAll("button, input, select, summary, [tabindex]")) {
    one.dataset.lmSuppressShortcuts = "true";
  }

  const sizes = new ResizeObserver(paint);
  sizes.observe(stage);
  const unfollow = followTheme(paint);
  paint();
  say();
  const destroy = () => {
    state.playing = false;
    clearTimeout(state.timer);
    sizes.disconnect();
    unfollow();
  };
  return { element: root, destroy };
}

function paintLegend(legend, data, kitchens, theme) {
  const seen = new Set(kitchens.flatMap((one) => Object.keys(one.run.sums_ns).map(Number)));
  const items = data.states.filter((one) => seen.has(one.id)).reverse();
  legend.replaceChildren();
  for (const state of items) {
    const swatch = element("canvas");
    const scale = window.devicePixelRatio || 1;
    swatch.width = 26 * scale;
    swatch.height = 14 * scale;
    swatch.setAttribute("aria-hidden", "true");
    const pen = swatch.getContext("2d");
    pen.scale(scale, scale);
    pen.fillStyle = state.fill[theme];
    pen.fillRect(0, 0, 26, 14);
    const pattern = hatched(pen, state, theme, scale);
    if (pattern) {
      pen.fillStyle = pattern;
      pen.fillRect(0, 0, 26, 14);
    }
    if (state.edge) {
      pen.strokeStyle = state.edge[theme];
      pen.strokeRect(0.5, 0.5, 25, 13);
    }
    legend.append(element("li", "", swatch, state.words));
  }
}

function dataTable(data) {
  const head = element("tr", "", cell("th", "model", "col"), cell("th", "wall", "col"));
  head.append(cell("th", "tasks", "col"), cell("th", "most in flight", "col"));
  const states = data.states.filter((one) => data.kitchens.some((run) => run.sums_ns[one.id]));
  for (const one of states) head.append(cell("th", one.words, "col"));
  const body = element("tbody", "");
  for (const run of data.kitchens) {
    const row = element("tr", "", cell("th", run.model, "row"));
    row.append(cell("td", duration(run.wall * data.tick_ns)), cell("td", count(run.tasks)));
    row.append(cell("td", count(run.peak)));
    for (const one of states) {
      const sum = run.sums_ns[one.id];
      row.append(cell("td", sum ? duration(sum) : "–"));
    }
    body.append(row);
  }
  const caption = element("caption", "", "Recorded runs; states summed over all tasks");
  const table = element("table", "", caption, element("thead", "", head), body);
  const readings = data.kitchens.map((run) => element("p", "", run.reading));
  const wide = element("div", "cav-replay-wide", table);
  const summary = element("summary", "", "Data and result in words");
  return element("details", "", summary, ...readings, wide);
}

function cell(tag, words, scope) {
  const made = element(tag, "", words);
  if (scope) made.scope = scope;
  return made;
}

// Bytes as they come from a kernel (a DataView) or from base64 in a page.
export function numbersOf(bytes) {
  const written = typeof bytes === "string";
  const view = written ? Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)) : bytes;
  const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new Int32Array(copy);
}

function render({ model, el }) {
  const built = buildReplay(model.get("replay_data"), numbersOf(model.get("numbers")));
  el.append(built.element);
  return built.destroy;
}

export default { render };
