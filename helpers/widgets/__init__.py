"""The control panel, and a line of progress for cells."""

from .panel import Panel, panel
from .presets import PRESETS, Preset

__all__ = ["PRESETS", "Panel", "Preset", "panel"]
