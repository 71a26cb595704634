"""What tools find without running anything: ruff's rules and mypy's types hold everywhere."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def said_by(*command: str) -> str:
    """What a tool of this environment complains of; empty if it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing():
    assert not said_by("ruff", "check", "--no-cache", ".")


@pytest.mark.timeout(400)  # without its cache it reads everything: a minute on a busy machine
def test_the_type_checker_finds_nothing():
    # Beside the environment that it read: kept from one run of the suite to the next.
    assert not said_by("mypy", "--cache-dir", str(Path(sys.prefix, "mypy-cache")))
