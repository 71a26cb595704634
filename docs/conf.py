"""What Sphinx reads to make the site; tools.site lays out the sources and calls it."""

from tools.site.address import jupyter_anchor

project = "Async or threads?"
author = "the course's authors"
project_copyright = f"2026, {author}"
language = "en"

extensions = ["myst_nb"]
templates_path = ["site/templates"]
exclude_patterns = ["static"]

# The notebooks come with their results.
nb_execution_mode = "off"
nb_merge_streams = True
# Anchors of headings as in JupyterLab, so that links work in both.
myst_heading_anchors = 4
myst_heading_slug_func = jupyter_anchor
suppress_warnings = [
    # A function among the settings can't be cached; nothing is.
    "config.cache",
]

html_theme = "sphinx_book_theme"
html_title = project
html_copy_source = False
html_use_index = False
html_show_sphinx = False
html_sidebars = {"**": ["front-link.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_theme_options = {
    "home_page_in_toc": True,
    # Title and search are in the sidebar; a bar above it would hold them twice.
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "footer_content_items": ["copyright.html"],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app):
    """Bring style sheets and scripts along, which are among the sources."""
    static = app.srcdir / "static"
    app.config.html_static_path = [str(static)]
    for sheet in sorted(static.glob("*.css")):
        app.add_css_file(sheet.name)
    for script in ("site.js", "widgets.js"):
        app.add_js_file(script, loading_method="defer")
    app.add_js_file("open-run.js", loading_method="defer")
