// What a box of controls needs to be used by keyboard alone, in the box that this stands in, and
// what a screen reader says there.
//
// JupyterLab takes plain keys for its own, also while a menu or a button has the focus: an arrow
// key leaves the menu, b adds a cell. And a button that is switched off loses the focus to the
// page, so that a keyboard begins anew at its top. ipywidgets has rows of controls, but no way to
// say that a row has a name: without it a check box is "threads", of what nobody knows. Nor has
// it one to say that the words beside a field are about the field: who comes by Tab would not hear
// them.

const BOX = ".cav-keys";

function plain(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return false; // saving, and the like
  return !(event.shiftKey && event.key === "Enter"); // runs the cell
}

function render({ el }) {
  el.hidden = true; // nothing to see
  const box = () => el.closest(BOX);
  const within = (target) => target instanceof Element && box()?.contains(target);

  const keep = (event) => {
    if (within(event.target))
      event.target.toggleAttribute("data-lm-suppress-shortcuts", plain(event));
  };

  let last = null; // what has the focus, or had it when it was switched off
  const passOn = () => {
    const active = document.activeElement;
    if (!last?.disabled || (active !== last && active !== document.body)) return;
    const next = [...box().querySelectorAll(".cav-run, .cav-stop")].find((one) => !one.disabled);
    next?.focus({ preventScroll: true });
  };
  const switched = new MutationObserver(passOn);
  const came = (event) => {
    if (!within(event.target)) return;
    last = event.target;
    switched.observe(box(), { subtree: true, attributeFilter: ["disabled"] });
  };
  const left = (event) => {
    if (event.target === last && !last.disabled) last = null; // of one's own will
  };

  const nameParts = () => {
    // no box any more: parts that are taken out of the page are a change as well
    for (const row of box()?.querySelectorAll(".cav-row:not([role])") ?? []) {
      const name = row.querySelector(":scope > .widget-label")?.textContent.replace(/:$/, "");
      if (name) Object.assign(row, { role: "group", ariaLabel: name });
    }
    for (const line of box()?.querySelectorAll(".cav-asked") ?? []) {
      const words = line.querySelector(".cav-figure")?.textContent;
      if (words) line.querySelector("input, select")?.setAttribute("aria-description", words);
    }
  };
  const filled = new MutationObserver(nameParts); // they come one after the other
  let waits = 0;
  const begin = () => {
    if (!box()) {
      waits = requestAnimationFrame(begin); // not yet in the page
      return;
    }
    nameParts();
    filled.observe(box(), { childList: true, subtree: true });
  };
  begin();

  const listeners = { keydown: keep, focusin: came, focusout: left };
  // before JupyterLab, which listens to the whole page
  for (const [name, hear] of Object.entries(listeners)) window.addEventListener(name, hear, true);
  return () => {
    cancelAnimationFrame(waits);
    filled.disconnect();
    switched.disconnect();
    for (const [name, hear] of Object.entries(listeners))
      window.removeEventListener(name, hear, true);
  };
}

export default { render };
