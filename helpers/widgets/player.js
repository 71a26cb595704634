// For modules that show runs, replay.js and loop.js; helpers.widgets.browser puts this before them.

function isDark() {
  const { body, documentElement: html } = document;
  if (body.dataset.jpThemeLight !== undefined) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return body.dataset.vscodeThemeKind.includes("dark");
  if (html.dataset.theme) return html.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// Calls `paint` when the page turns dark or light; gives a function that ends that.
function followTheme(paint) {
  let before = isDark();
  const look = () => {
    if (isDark() === before) return;
    before = !before;
    paint();
  };
  const marks = new MutationObserver(look);
  marks.observe(document.body, { attributes: true });
  marks.observe(document.documentElement, { attributes: true });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", look);
  return () => {
    marks.disconnect();
    scheme.removeEventListener("change", look);
  };
}
