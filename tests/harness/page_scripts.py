"""JavaScript that the page object runs in JupyterLab's page.

`window.jupyterapp` is there because the server exposes it (`expose_app_in_browser`).
"""

#: Whether both signs of an idle kernel are there; `textContent`, since the status bar
#: may be hidden in a narrow window.
READY = """() => {
    if (document.querySelector(".jp-Dialog")) return "dialog";
    const bar = document.querySelector("#jp-main-statusbar");
    return document.querySelector(
        ".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]"
    ) && bar?.textContent.includes("| Idle") && "ready";
}"""

#: Follow Run All. The promise of the command is the one sign that Run All has ended:
#: the idle lights are still on for a moment after it has begun.
WATCH_RUN_ALL = """() => {
    const { commandExecuted } = window.jupyterapp.commands;
    window.cavRunAll = "waiting";
    const seen = (_, call) => {
        if (call.id !== "notebook:run-all-cells") return;
        commandExecuted.disconnect(seen);
        call.result.then(() => { window.cavRunAll = "ended"; },
                         (error) => { window.cavRunAll = `failed: ${error}`; });
    };
    commandExecuted.connect(seen);
}"""

#: Keep what the kernel says outside of a cell's run, in a widget's callback above all:
#: JupyterLab shows it nowhere. For every page, before its own scripts: a notebook is
#: listened to from its kernel's first word, since a second word may refer to that.
LISTEN = """(() => {
    window.cavHeard = [];
    const hear = (_, { header, content }) => {
        if (header.msg_type === "error") window.cavHeard.push(content.traceback.join("\\n"));
        if (content.name === "stderr") window.cavHeard.push(content.text);
    };
    const createNew = (_, context) => { context.sessionContext.iopubMessage.connect(hear); };
    Object.defineProperty(window, "jupyterapp", {
        configurable: true,
        set(app) {
            Object.defineProperty(window, "jupyterapp", { value: app });
            app.docRegistry.addWidgetExtension("Notebook", { createNew });
        },
    });
})()"""

#: Open another notebook in the page. The kernels on offer may have changed since it loaded.
OPEN = """async (path) => {
    const { commands, serviceManager } = window.jupyterapp;
    await serviceManager.kernelspecs.refreshSpecs();
    await commands.execute("docmanager:open", { path });
}"""

#: Take every document out of the page, saved or not, and what was noted of it.
CLEAR = """() => {
    for (const widget of [...window.jupyterapp.shell.widgets("main")]) widget.dispose();
    window.cavHeard = [];
    delete window.cavRunAll;
}"""

#: What cells show of errors. From the model: in some windowing modes cells far away
#: are not in the page.
CELL_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter((cell) => cell.model.type === "code")
    .flatMap((cell) => cell.model.outputs.toJSON())
    .filter((out) => out.output_type === "error" || out.name === "stderr")
    .map((out) => [out.traceback ?? out.text].flat().join("\\n"))"""
