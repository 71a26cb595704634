"""Tests that click through notebooks in a headless Chromium."""
