"""The static site of the course: ``python -m tools.site``, or ``make site``.

Each notebook is run once in a kernel of its own (`execute`, kept until something in it or
in `helpers` changes). What only a kernel can show becomes something that a page can show by
itself (`embed`). Notebooks and texts are laid out as Sphinx wants them (`sources`), and
Sphinx makes the pages (`build`).
"""
