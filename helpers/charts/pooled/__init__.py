"""The runs of a class: a chart, a sentence and a table."""
