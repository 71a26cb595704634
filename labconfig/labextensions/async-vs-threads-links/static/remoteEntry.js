// A link to a cell: /lab/tree/NOTEBOOK?cell=ID opens the notebook there.
//
// JupyterLab follows #cell-id=ID in a notebook that is open, and forgets it when the page is
// loaded (seen in 4.6). And Binder puts its token at the end of an address, where it would
// become a part of what follows the #. So the id comes in the query. This file is written by
// hand as what JupyterLab loads: there is nothing to build.
(() => {
  const NAME = "async-vs-threads-links";
  // Read now: JupyterLab rewrites the address as soon as it has the notebook.
  const cell =
    new URLSearchParams(window.location.search).get("cell") ??
    window.location.hash.match(/^#cell-id=(.+)$/)?.[1];
  const path = decodeURIComponent(window.location.pathname.split("/tree/")[1] ?? "");
  const PATIENCE_MS = 60000;
  const SETTLED_MS = 5000;
  const LOOKS = 5;
  const LOOK_MS = 100;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // JupyterLab's own scrolling, while it opens a notebook, may come in between, and what is drawn
  // late moves the cell: again, until it stays in view or the reader does something.
  async function show(content, at) {
    let touched = false;
    const touch = () => (touched = true);
    const acts = ["wheel", "keydown", "pointerdown"];
    acts.forEach((act) => window.addEventListener(act, touch, { capture: true, passive: true }));
    const end = Date.now() + SETTLED_MS;
    for (let seen = 0; seen < LOOKS && !touched && Date.now() < end; ) {
      const cell = content.widgets[at]?.node.getBoundingClientRect();
      const view = content.node.getBoundingClientRect();
      const inView = cell?.height && cell.top > view.top - 40 &&
        (cell.bottom < view.bottom || cell.top < view.top + view.height / 2);
      seen = inView ? seen + 1 : 0;
      if (!inView) await content.scrollToItem(at, "start").catch(() => undefined);
      await pause(LOOK_MS);
    }
    acts.forEach((act) => window.removeEventListener(act, touch, { capture: true }));
  }

  async function follow(app) {
    await app.restored;
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      const notebook = [...app.shell.widgets("main")].find(
        (widget) => widget.context?.path === path && widget.content?.widgets,
      );
      if (notebook) {
        await notebook.context.ready;
        await notebook.revealed;
        const at = notebook.content.widgets.findIndex((one) => one.model.id === cell);
        if (at < 0) return;
        notebook.content.activeCellIndex = at; // Shift+Enter runs the cell that is shown
        await show(notebook.content, at);
        return;
      }
      await pause(LOOK_MS);
    }
  }

  const plugin = {
    id: `${NAME}:plugin`,
    autoStart: true,
    activate: (app) => {
      if (cell && path) follow(app);
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB[NAME] = {
    init: () => undefined, // it shares nothing
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
