// F8 presses the Reset button of the panel that has the focus, and says so under its buttons.

const KEY = "F8";

function render({ el }) {
  el.classList.add("cav-reset-key");
  el.textContent = `${KEY} resets this panel, while it has the focus.`;
  const press = (event) => {
    if (event.key !== KEY || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey)
      return;
    const panel = event.target.closest?.(".cav-panel");
    if (!panel?.contains(el)) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab listens to the whole page
    if (!event.repeat) panel.querySelector(".cav-reset")?.click();
  };
  window.addEventListener("keydown", press, true);
  return () => window.removeEventListener("keydown", press, true);
}

export default { render };
