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
        notebook.setFragment(`#cell-id=${cell}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
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
