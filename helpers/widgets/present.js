// Presenter size. A rule in the page's head holds for the notebook in which the buttons stand,
// or for the whole page where there is no notebook around them. It goes when it is switched off.

function rule(scale, token) {
  // What text and widgets take their sizes from, in pixels at a desk.
  const px = (size) => `${(size * scale).toFixed(1)}px`;
  const here = `[data-cav-presenter="${token}"]`;
  return `
    ${here} {
      --cav-scale: ${scale};
      --jp-content-font-size1: ${px(14)};
      --jp-code-font-size: ${px(13)};
      --jp-cell-prompt-width: ${Math.max(64, 40 * scale).toFixed(0)}px;
      --jp-widgets-font-size: ${px(13)};
      --jp-widgets-inline-height: ${px(28)};
      --jp-widgets-inline-width: ${px(300)};
      --jp-widgets-inline-width-short: ${px(148)};
      --jp-widgets-inline-label-width: ${px(80)};
    }
    ${here} .jupyter-widgets { font-size: ${px(13)}; }
    ${here} .jupyter-widgets input[type="checkbox"],
    ${here} .jupyter-widgets input[type="radio"] {
      width: ${px(13)};
      height: ${px(13)};
    }
    ${here} .jupyter-widgets progress { height: ${px(16)}; }`;
}

function apply(model) {
  const token = model.get("token");
  const scale = model.get("sizes")[model.get("size")];
  document.getElementById(`cav-${token}`)?.remove();
  if (!scale) return;
  const style = document.createElement("style");
  style.id = `cav-${token}`;
  style.textContent = rule(scale, token);
  document.head.append(style);
}

function initialize({ model }) {
  const changed = () => apply(model);
  model.on("change:size", changed);
  apply(model);
  return () => {
    model.off("change:size", changed);
    document.getElementById(`cav-${model.get("token")}`)?.remove(); // nobody could switch it off
  };
}

function render({ model, el }) {
  el.classList.add("cav-present");
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Presenter size");
  const words = document.createElement("span");
  words.textContent = "Presenter size";
  group.append(words);
  const buttons = new Map();
  for (const size of ["", ...Object.keys(model.get("sizes"))]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = size || "off";
    button.addEventListener("click", () => {
      model.set("size", size);
      model.save_changes();
    });
    buttons.set(size, button);
    group.append(button);
  }
  const show = () => {
    for (const [size, button] of buttons)
      button.setAttribute("aria-pressed", String(size === model.get("size")));
  };
  model.on("change:size", show);
  show();
  el.append(group);
  // Called when the element has its place in the page, which is later than this function is.
  // A notebook that had another kernel's size has this one's from then on.
  const placed = new ResizeObserver(() => {
    if (!el.isConnected) return;
    const notebook = el.closest(".jp-NotebookPanel") ?? document.documentElement;
    notebook.dataset.cavPresenter = model.get("token");
  });
  placed.observe(el);
  return () => {
    placed.disconnect();
    model.off("change:size", show);
  };
}

export default { initialize, render };
