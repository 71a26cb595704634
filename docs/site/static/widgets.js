// Brings widgets to life in a page without a kernel.
//
// tools.site.embed leaves <div class="course-widget" data-widget="NAME"> with what the widget
// holds, as JSON. Its module (helpers/widgets/NAME.js with its pieces) is written for anywidget: it gets a
// model that answers from what is held, and that tells nobody. The modules come as text in
// plain scripts, widget-NAME.js, since a page opened as a file may not load modules.

(() => {
  const here = document.currentScript.src;
  const modules = new Map();
  const loading = new Map();

  window.courseWidgets = { add: (name, text) => modules.set(name, text), show };

  function load(name) {
    if (!loading.has(name)) {
      const loaded = new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = new URL(`widget-${name}.js`, here).href;
        script.onload = done;
        script.onerror = () => failed(new Error(`${script.src} is missing`));
        document.head.append(script);
      });
      loading.set(name, loaded.then(() => importText(modules.get(name))));
    }
    return loading.get(name);
  }

  async function importText(text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      return (await import(address)).default;
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  function bytes(base64) {
    return new DataView(Uint8Array.from(atob(base64), (one) => one.charCodeAt(0)).buffer);
  }

  function modelOf({ state, buffers }) {
    const values = { ...state };
    for (const { path, data } of buffers) {
      const last = path[path.length - 1];
      let where = values;
      for (const step of path.slice(0, -1)) where = where[step];
      where[last] = bytes(data);
    }
    const listeners = new Map();
    return {
      get: (name) => values[name],
      set: (name, value) => {
        values[name] = value;
        for (const one of listeners.get(`change:${name}`) ?? []) one();
      },
      save_changes: () => {},
      send: () => {},
      on: (event, listener) => {
        listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      },
      off: (event, listener) => {
        const rest = (listeners.get(event) ?? []).filter((one) => listener && one !== listener);
        listeners.set(event, rest);
      },
    };
  }

  // Shows a widget that holds `state` in an element; gives a function that ends it.
  async function show(name, state, element, buffers = []) {
    const model = modelOf({ state, buffers });
    const widget = await load(name);
    await widget.initialize?.({ model });
    return (await widget.render({ model, el: element })) ?? (() => {});
  }

  async function revive(place) {
    try {
      const { state, buffers } = JSON.parse(place.querySelector("script").textContent);
      await show(place.dataset.widget, state, place, buffers);
    } catch (error) {
      const line = document.createElement("p");
      line.className = "course-live";
      line.textContent = `This part could not be shown (${error.message}).`;
      place.append(line);
    }
  }

  for (const place of document.querySelectorAll(".course-widget")) revive(place);
})();
