"""Writes the number of a release wherever it stands: ``python -m tools.set_version 1.2.3``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The line of each file that holds the number, as a pattern around it.
PLACES = {
    "pyproject.toml": r'(?m)^(version = ")([^"]*)("$)',
    "CITATION.cff": r"(?m)^(version: )(.*)($)",
}


def versions(root: Path = ROOT) -> dict[str, str]:
    """The number that each file holds. Raises LookupError where not exactly one line does."""
    found = {}
    for name, pattern in PLACES.items():
        lines = re.findall(pattern, (root / name).read_text(encoding="utf-8"))
        if len(lines) != 1:
            raise LookupError(f"{name} has {len(lines)} lines with the version, not one.")
        found[name] = lines[0][1]
    return found


def write(version: str, root: Path = ROOT) -> None:
    """Put `version` into each file. Raises ValueError for what is not three numbers."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"A version is three numbers; {version!r} is not: write VERSION=1.2.3.")
    versions(root)  # before anything is written
    for name, pattern in PLACES.items():
        file = root / name
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(pattern, rf"\g<1>{version}\g<3>", text), encoding="utf-8")


def main(argv: list[str]) -> int:
    """Write what was asked for; the exit code."""
    try:
        (version,) = argv
        write(version)
    except (ValueError, LookupError) as error:
        print(error if argv else __doc__, file=sys.stderr)
        return 1
    print(*(f"{name}: {version}" for name, version in versions().items()), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
