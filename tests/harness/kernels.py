"""Kernels of a chosen Python and ipykernel, and which ipykernel is the oldest allowed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness.labserver import REPO


class RegistryError(RuntimeError):
    """pip could not fetch a package; its own last words are the message."""


def write_kernelspec(
    jupyter_path: Path,
    name: str,
    *,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
) -> Path:
    """Write a kernelspec below `jupyter_path`, as JUPYTER_PATH wants it; its folder.

    The kernel runs `python`; `env` is added to its environment.
    """
    folder = jupyter_path / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    launch = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": launch, "display_name": name, "language": "python", "env": dict(env or {})}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def oldest_allowed(package: str, pyproject: Path = REPO / "pyproject.toml") -> str:
    """The lowest version of a dependency that pyproject.toml allows.

    Raises LookupError when the package isn't among the dependencies or has no
    lower bound.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    for requirement in (Requirement(line) for lines in lists for line in lines):
        if canonicalize_name(requirement.name) == canonicalize_name(package):
            for bound in requirement.specifier:
                if bound.operator in (">=", "==", "~="):
                    return bound.version
    raise LookupError(f"pyproject.toml gives no lower bound for {package}")


def overlay(
    package: str, version: str, folder: Path, python: str = sys.executable
) -> dict[str, str]:
    """Install one version of a package beside the environment's; the environment to use it.

    The rest of the environment stays as it is. Only what the old version needs
    and the environment lacks (or has in a version that it refuses) is added.
    Raises RegistryError when pip can't fetch it.
    """
    _pip_into(folder, [f"{package}=={version}"], python)
    (old,) = metadata.distributions(name=package, path=[str(folder)])
    missing = [line for line in old.requires or [] if not _is_met(Requirement(line))]
    if missing:
        _pip_into(folder, missing, python)
    paths = filter(None, [str(folder), os.environ.get("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(paths)}


def _is_met(requirement: Requirement) -> bool:
    """Whether this environment satisfies a requirement, or needn't."""
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _pip_into(folder: Path, requirements: list[str], python: str) -> None:
    """Install requirements, and nothing of what they depend on, in a folder."""
    done = subprocess.run(
        [
            *(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"),
            *("--disable-pip-version-check", "--retries=1", "--timeout=30"),
            *("--target", str(folder), *requirements),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        errors = [line[:200] for line in done.stderr.splitlines() if "ERROR" in line]
        words = " ".join(errors) or done.stderr[-300:]
        raise RegistryError(f"pip could not fetch {' '.join(requirements)}: {words}")


def kernel_manager(folder: Path, name: str = "python3", **options: Any) -> KernelManager:
    """A manager of one kernel whose sockets are files in `folder`.

    Ports are chosen before the kernel takes them, and beside other tests another process may
    be quicker: "Address already in use". `options` are those of KernelManager.
    """
    connection = str(folder / "connection.json")
    return KernelManager(kernel_name=name, transport="ipc", connection_file=connection, **options)
