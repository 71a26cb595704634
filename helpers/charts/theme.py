"""The colours, light and dark, and the CSS that switches between them."""

from __future__ import annotations

import re

from ..measure.trace import COMPUTING_IN_C, READY, RUNNING, UNSEEN, WAITING

#: Every colour of a picture: name -> (on a light page, on a dark page). A picture is drawn
#: in the light ones, which must all differ, and then gets a CSS variable for each.
COLOURS = {
    "bg": ("#FFFFFF", "#111111"),
    "fg": ("#1A1A1A", "#EDEDED"),
    "mute": ("#4F5D69", "#A9B4BD"),
    "grid": ("#D9DEE2", "#33393E"),
    "edge": ("#5B6B78", "#8A9BA8"),
    "run": ("#08519C", "#A6D8FF"),
    "ready": ("#E66F00", "#E66F00"),
    "wait": ("#C9D6DF", "#42525F"),
    "bar": ("#A9C4DE", "#35587A"),
    "band": ("#F4F6F8", "#1B1F22"),
    "error": ("#B00020", "#FF8F8F"),
    "m0": ("#54616C", "#AEB9C2"),
    "m1": ("#0A62AE", "#7CC4F4"),
    "m2": ("#C74E00", "#FF9A4A"),
    "m3": ("#7A3B9E", "#D3A6F0"),
    "m4": ("#00745A", "#52D3A8"),
}

#: How a model is drawn where each has a line of its own: colour, marker, line style.
LINES = {
    "sequential": ("m0", "s", (0, (1, 1.2))),
    "asyncio": ("m1", "o", "-"),
    "threads": ("m2", "^", (0, (6, 2))),
    "asyncio+threads": ("m3", "D", (0, (6, 2, 1.2, 2))),
    "processes": ("m4", "v", (0, (3, 1.5))),
}
OTHER_LINE = ("fg", "P", "-")

#: How a state is drawn: fill, hatch, colour of the hatch, edge.
STATES = {
    WAITING: ("wait", None, None, "edge"),
    UNSEEN: ("bg", "\\\\\\", "edge", "edge"),
    READY: ("ready", "/////", "bg", None),
    COMPUTING_IN_C: ("run", "||", "bg", None),
    RUNNING: ("run", None, None, None),
}
LEGEND = {
    RUNNING: "running Python",
    COMPUTING_IN_C: "computing in C, GIL released",
    READY: "ready, waiting its turn",
    WAITING: "waiting",
    UNSEEN: "in progress (inside not observed)",
}


def light(name: str) -> str:
    """The colour to draw with."""
    return COLOURS[name][0]


def variable(name: str) -> str:
    """The CSS variable that takes the colour's place."""
    return f"var(--cav-{name})"


def _block(column: int, background: str) -> str:
    parts = [f"--cav-{name}:{pair[column]}" for name, pair in COLOURS.items() if name != "bg"]
    return ";".join([f"--cav-bg:{background}", *parts])


def _themes() -> str:
    bright, dim = COLOURS["bg"]
    names = "var(--jp-layout-color0,var(--pst-color-background,var(--vscode-editor-background,{})))"
    day, night = _block(0, names.format(bright)), _block(1, names.format(dim))
    dark = ",".join(
        f"{where} .cav-figure"
        for where in ('body[data-jp-theme-light="false"]', 'html[data-theme="dark"]',
                      'body[data-vscode-theme-kind*="dark"]')
    )  # fmt: skip
    marks = ":not([data-jp-theme-light]):not([data-vscode-theme-kind])"
    unmarked = f"html:not([data-theme]) body{marks}"
    hide, show = "{display:none}", "{display:inline}"
    night_images = ",".join(f"{one} .cav-day" for one in dark.split(","))
    night_shown = ",".join(f"{one} .cav-night" for one in dark.split(","))
    return (
        f".cav-figure{{{day};color-scheme:light}}{dark}{{{night};color-scheme:dark}}"
        f".cav-figure .cav-night{hide}{night_images}{hide}{night_shown}{show}"
        f"@media (prefers-color-scheme:dark){{{unmarked} .cav-figure{{{night};color-scheme:dark}}"
        f"{unmarked} .cav-figure .cav-day{hide}{unmarked} .cav-figure .cav-night{show}}}"
    )


#: In a narrow window, which a large one is at 200 %, a figure scrolls: what is fitted to the
#: window would stay as small as it was, however far a reader zooms.
_LAYOUT = """
.cav-figure{--cav-font:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,
Arial,sans-serif);color:var(--cav-fg);background:var(--cav-bg);font-family:var(--cav-font);
font-size:15px;line-height:1.45;max-width:1100px;padding:4px 2px;box-sizing:border-box}
.cav-figure figure{margin:.5em 0 .9em;padding:0}
.cav-figure svg{display:block;width:100%;height:auto;overflow:visible}
@media screen and (max-width:47.5em){.cav-figure .cav-drawn{overflow-x:auto}
.cav-figure .cav-drawn svg{min-width:700px}}
.cav-figure svg *{stroke-linejoin:round;stroke-linecap:butt}
.cav-figure svg text{font-variant-numeric:tabular-nums}
.cav-figure figcaption{margin:.2em 0 0;padding:0;font-size:15px;font-style:normal;text-align:left;
color:var(--cav-fg)}
.cav-figure p{margin:.2em 0;color:var(--cav-fg)}
.cav-figure .cav-head{font-size:18px;font-weight:600;margin:.1em 0 .3em}
.cav-figure .cav-small,.cav-figure .cav-note{color:var(--cav-mute)}
.cav-figure .cav-small{font-size:13px}
.cav-figure .cav-title{font-size:14px;font-weight:600;color:var(--cav-mute);margin:.9em 0 .1em}
.cav-figure .cav-recorded{border:1.5px dashed var(--cav-edge);padding:.25em .6em;font-weight:600}
.cav-figure .cav-error{color:var(--cav-error);font-weight:600}
.cav-figure details{margin:.3em 0;color:var(--cav-fg)}
.cav-figure summary{display:list-item;list-style:disclosure-closed inside;cursor:pointer;
color:var(--cav-fg)}
.cav-figure details[open]>summary{list-style-type:disclosure-open}
.cav-figure pre{margin:.3em 0;padding:.5em .7em;overflow-x:auto;font-size:13px;line-height:1.35;
color:var(--cav-fg);background:transparent;border:1px solid var(--cav-grid);white-space:pre-wrap}
.cav-figure .cav-wide{overflow-x:auto;width:fit-content;max-width:100%}
.cav-figure table{border-collapse:collapse;margin:.5em 0;font-size:13px;color:var(--cav-fg);
background:transparent;border:0;width:auto}
.cav-figure caption{text-align:left;white-space:nowrap;caption-side:top;
font-weight:600;padding:.2em 0;color:var(--cav-fg)}
.cav-figure tr,.cav-figure tbody tr:nth-child(odd),.cav-figure tbody tr:hover{
background:transparent}
.cav-figure th,.cav-figure td{padding:.15em .7em .15em 0;text-align:right;vertical-align:top;
border:0;border-bottom:1px solid var(--cav-grid);font-variant-numeric:tabular-nums;
color:var(--cav-fg);max-width:none}
.cav-figure th{font-weight:600}
.cav-figure th:first-child,.cav-figure .cav-words td,.cav-figure .cav-words th{text-align:left}
"""


def _scaled(css: str) -> str:
    """Sizes in pixels follow --cav-scale, which `present()` sets in the page; 1 without it."""
    return re.sub(r"(font-size|max-width):(\d+px)", r"\1:calc(\2*var(--cav-scale,1))", css)


#: Goes with every fragment; the same in each, so that any of them can stand alone.
STYLE = f"<style>{_themes()}{_scaled(_LAYOUT).replace(chr(10), '')}</style>"
