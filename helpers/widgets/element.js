// For modules that make their own elements; helpers.widgets.browser puts this before them.

// All `content` goes in as text or as elements, never as HTML.
function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
