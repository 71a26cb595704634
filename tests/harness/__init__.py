"""Tools the tests drive JupyterLab, kernels and Chromium with; no test is in here."""
