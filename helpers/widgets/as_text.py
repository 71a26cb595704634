"""What a widget says where there is no browser, and to whoever reads the file."""

from __future__ import annotations

from typing import Any

from ..measure.fit import plain

_PLAIN = "text/plain"


class AsText:
    """Mixed into a widget, before its class: its plain text is ``str`` of it, fit to be shown."""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        widget: Any = super()
        bundle = widget._repr_mimebundle_(**options)
        # the pair that Jupyter takes: data and metadata; elsewhere there may be neither
        if isinstance(bundle, tuple):
            return {**bundle[0], _PLAIN: plain(self)}, bundle[1]
        return {**(bundle or {}), _PLAIN: plain(self)}
