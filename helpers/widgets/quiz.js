// A quiz: real form elements, judged and explained in the browser alone.
//
//   buildQuiz(quiz, { before, answers, onAnswer }) gives an element for any page.
//
// `quiz` is what helpers.course.quizzes.Quiz.as_data() says, `before` the ids of the
// questions that were answered right in an earlier session, `answers` what was answered in
// this one. The default export is for anywidget. All text goes in as text, never as HTML.

const KEPT = 50; // answers that a kernel may be behind

// A number and its unit stay on one line.
function together(text) {
  return text.replace(/(\d) (?=(?:ms|s|µs|MB|GB|%)(?!\w))/g, "$1\u00a0");
}

// `code` between backticks becomes an element; everything else stays text.
function withCode(text) {
  return text
    .split("`")
    .map((part, index) => (index % 2 ? element("code", "", part) : together(part)))
    .filter((part) => part !== "");
}

function near(said, number, tolerance) {
  return Math.abs(said - number) <= Math.abs(number) * tolerance * (1 + 1e-9) + 1e-12;
}

// What people type: 1,000 or 1 000 or 0.5 or 0,5 or "100 ms"; null for what is no number.
export function readNumber(text, unit = "") {
  let bare = text.trim();
  if (unit && bare.toLowerCase().endsWith(unit.toLowerCase())) bare = bare.slice(0, -unit.length);
  bare = bare.replace(/[\s\u00a0\u202f_]/g, "").replace(/[%×]$/, "");
  if (/^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(bare)) bare = bare.replaceAll(",", "");
  else bare = bare.replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(bare)) return null;
  const value = Number(bare);
  return Number.isFinite(value) ? value : null;
}

// {right, why} for an answer: an option's id or a number.
export function judge(question, said) {
  if (question.options.length) {
    const option = question.options.find((one) => one.id === said);
    return option ? { right: option.right, why: option.why } : null;
  }
  if (typeof said !== "number") return null;
  if (near(said, question.answer, question.tolerance)) return { right: true, why: question.why };
  const miss = question.misses.find((one) => near(said, one.near, question.tolerance));
  const way = said > question.answer ? "It is less than that." : "It is more than that.";
  return { right: false, why: miss ? miss.why : way };
}

function optionFields(question, id) {
  const box = element("div", "cav-quiz-options");
  for (const [index, option] of question.options.entries()) {
    const input = element("input");
    Object.assign(input, { type: "radio", name: id, value: option.id, id: `${id}-${index}` });
    const label = element("label", "cav-quiz-option", input);
    label.append(element("span", "", ...withCode(option.text)));
    box.append(label);
  }
  return {
    box,
    first: () => box.querySelector("input"),
    read: () => box.querySelector("input:checked")?.value ?? null,
    show: (said) => {
      for (const input of box.querySelectorAll("input")) input.checked = input.value === said;
    },
    missing: "Choose an answer first.",
  };
}

function numberField(question, id) {
  const input = element("input", "cav-quiz-number");
  // not type=number: its wheel changes the value, and it refuses 1,000
  Object.assign(input, { type: "text", inputMode: "decimal", autocomplete: "off", id: `${id}-n` });
  input.spellcheck = false;
  // as a form does by itself, but not in JupyterLab
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    input.form.requestSubmit();
  });
  const label = element("label", "", "Your answer");
  label.htmlFor = input.id;
  const box = element("div", "cav-quiz-options cav-quiz-numeric", label, input);
  if (question.unit) {
    const unit = element("span", "", question.unit);
    unit.id = `${id}-unit`;
    input.setAttribute("aria-describedby", unit.id);
    box.append(unit);
  }
  return {
    box,
    first: () => input,
    read: () => readNumber(input.value, question.unit),
    show: (said) => {
      input.value = String(said);
    },
    missing: "Type a number first.",
  };
}

function questionForm(question, own, number, of, known, onAnswer) {
  const id = `${own}-${number}`;
  const field = (question.options.length ? optionFields : numberField)(question, id);
  const legend = element("legend", "");
  const count = element("span", "cav-quiz-count", `Question ${number} of ${of}`);
  const ask = element("span", "cav-quiz-ask", ...withCode(question.ask));
  count.id = `${id}-count`;
  ask.id = `${id}-ask`;
  legend.append(count, " ", ask);
  const said = element("div", "cav-quiz-said");
  said.setAttribute("role", "status"); // there from the start, or nobody hears of a change
  said.setAttribute("aria-live", "polite");
  const check = element("button", "cav-quiz-check", "Check");
  check.type = "submit";
  const fieldset = element("fieldset", "", legend);
  // each is a line of its own; without this Orca says "Question 1 of 5A hundred", and all twice
  fieldset.setAttribute("aria-labelledby", `${count.id} ${ask.id}`);
  if (question.code) {
    // reached by Tab, since a long line scrolls
    const block = element("pre", "cav-quiz-code", element("code", "", question.code));
    Object.assign(block, { tabIndex: 0, role: "group", ariaLabel: "Code of the question" });
    fieldset.append(block);
  }
  fieldset.append(field.box, check, said);
  const form = element("form", "cav-quiz-question", fieldset);
  form.noValidate = true;
  form.dataset.question = question.id;

  const say = (state, word, why) => {
    // new elements each time, so that the same words are read out once more
    said.replaceChildren(element("strong", "", word), " ", ...withCode(why));
    said.dataset.state = state;
  };
  const show = (answer) => {
    const found = judge(question, answer);
    if (!found) return null;
    const source = question.source && found.right ? ` Where it is written: ${question.source}.` : "";
    const [state, word] = found.right ? ["right", "Right."] : ["wrong", "Not yet."];
    say(state, word, found.why + source);
    return found;
  };
  if (known) say("before", "You answered this right before.", "");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = field.read();
    if (answer === null) {
      say("missing", field.missing, "");
      field.first().focus();
      return;
    }
    const found = show(answer);
    if (found) onAnswer(question.id, answer, found.right);
  });
  return { form, restore: (answer) => field.show(answer) ?? show(answer) };
}

export function buildQuiz(quiz, { before = [], answers = [], onAnswer = () => {} } = {}) {
  // not counted: each widget of a notebook has this module anew, and ids are the whole page's
  const own = `cav-quiz-${Math.random().toString(36).slice(2)}`;
  const total = quiz.questions.length;
  const right = new Set(before);
  const score = element("p", "cav-quiz-score");
  score.setAttribute("role", "status");
  const count = () => {
    score.textContent = `${right.size} of ${total} answered right`;
  };
  const root = element("div", "cav-quiz");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Exit quiz");
  for (const [index, question] of quiz.questions.entries()) {
    const answered = (id, said, isRight) => {
      if (isRight) right.add(id);
      count();
      onAnswer(id, said);
    };
    const known = right.has(question.id);
    const made = questionForm(question, own, index + 1, total, known, answered);
    const given = answers.filter((one) => one.question === question.id);
    if (given.some((one) => judge(question, one.said)?.right)) right.add(question.id);
    if (given.length) made.restore(given.at(-1).said);
    root.append(made.form);
  }
  count();
  root.append(score);
  // JupyterLab takes arrow keys and Enter for its own, unless the focused element says so
  for (const one of root.querySelectorAll("input, button, pre")) {
    one.dataset.lmSuppressShortcuts = "true";
  }
  return root;
}

function render({ model, el }) {
  const answers = () => model.get("answers") ?? [];
  const onAnswer = (question, said) => {
    const n = (answers().at(-1)?.n ?? 0) + 1;
    model.set("answers", [...answers().slice(1 - KEPT), { n, question, said }]);
    model.save_changes(); // without a kernel it stays in the page
  };
  const options = { before: model.get("before"), answers: answers(), onAnswer };
  el.append(buildQuiz(model.get("quiz_data"), options));
}

export default { render };
