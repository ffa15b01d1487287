"""The packages that a run of galen needs, found by walking from what the project file names."""

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from galen.data.mendable import MendableError

ROOT: Final = Path(__file__).parent.parent
NOT_RUN: Final = "dev"
"""The extra that only who changes galen installs."""
TORCH: Final = "torch"
"""Not in the lock, since each machine has a wheel of its own."""


class SupplyError(MendableError):
    """What galen stands on cannot be told; the message says what to install or to decide."""


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package."""

    name: str
    version: str
    parts: tuple[str, ...]  # "galen", or extras
    needs: tuple[str, ...]  # names
    direct: bool  # whether the project file names it
    told: Distribution


def packages(root: Path = ROOT) -> list[Package]:
    """All that galen and its extras need to run, by name.

    Raises:
        SupplyError: one is not installed.
    """
    project = project_of(root)
    asked = {"galen": project["dependencies"], **project["optional-dependencies"]}
    del asked[NOT_RUN]
    named = {canonicalize_name(Requirement(text).name) for one in asked.values() for text in one}
    parts: dict[str, list[str]] = {}
    needs: dict[str, set[str]] = {}
    for part, requirements in asked.items():
        for name in _closure([Requirement(text) for text in requirements], needs):
            parts.setdefault(name, []).append(part)
    found = []
    for name in sorted(parts):
        held = _distribution(name)
        by = ("galen",) if "galen" in parts[name] else tuple(parts[name])
        found.append(
            Package(name, held.version, by, tuple(sorted(needs[name])), name in named, held)
        )
    return found


def project_of(root: Path) -> dict[str, Any]:
    """The table `project` of the project file."""
    told: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return told


def locked(root: Path = ROOT) -> dict[str, set[str]]:
    """The versions of each package in the lock: several where markers tell them apart."""
    found: dict[str, set[str]] = {}
    for line in (root / "requirements.lock").read_text().splitlines():
        match = re.match(r"([\w.-]+)==([^ ;]+)", line)
        if match:
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def _closure(asked: list[Requirement], needs: dict[str, set[str]]) -> set[str]:
    seen: set[tuple[str, str]] = set()
    while asked:
        one = asked.pop()
        name = canonicalize_name(one.name)
        for extra in {"", *one.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            told = [Requirement(text) for text in _distribution(name).requires or ()]
            held = [r for r in told if r.marker is None or r.marker.evaluate({"extra": extra})]
            needs.setdefault(name, set()).update(canonicalize_name(r.name) for r in held)
            asked += held
    return {name for name, _ in seen}


def _distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise SupplyError(f"{name} is not installed; `make install` brings all extras.") from error
