"""``python -m tools.site``: the site in build/site, what was run kept in build/site-work."""

from __future__ import annotations

import argparse
import sys

from .address import ROOT, UNKNOWN, repository
from .build import SiteFailed, build_site
from .execute import CellFailed


def main() -> int:
    """Make the site; the exit code."""
    parser = argparse.ArgumentParser(prog="make site", description=__doc__)
    only = "run these only, as 00-start-here; the others have no figures"
    parser.add_argument("--only", nargs="*", metavar="NOTEBOOK", help=only)
    asked = parser.parse_args()
    name = repository()
    if name is None:
        print(f"pyproject.toml names {UNKNOWN} as the repository: the site has no Binder links.")
    try:
        page = build_site(ROOT / "build" / "site", ROOT / "build" / "site-work", name, asked.only)
    except (CellFailed, SiteFailed) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The site is in {page.parent.relative_to(ROOT)}: open {page.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
