"""The lock: it fits pyproject.toml, on every Python and platform, and leads to no index in particular."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {path.stem: path for path in (ROOT / "requirements").glob("*.txt")}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

#: What each file of the lock is made for: extras of the project, where it is installed with it, and groups.
CONTENTS: dict[str, tuple[tuple[str, ...] | None, tuple[str, ...]]] = {
    "demo": (("gunicorn", "dotenv"), ("build",)),
    "dev": (("gunicorn", "dotenv", "redis", "async"), ("dev",)),
    "bench": (("gunicorn", "redis"), ("bench", "build")),
    "docs": (None, ("docs",)),
    "maintenance": (None, ("maintenance",)),
    "node": (None, ("node",)),
    "pip": (None, ("pip",)),
}
ENVIRONMENTS = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.9",
        "sys_platform": platform,
        "os_name": os,
    }
    for minor in (11, 12, 13, 14)
    for platform, os in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
]


@dataclass
class Pin:
    """One version of one package, and the hashes of its files."""

    requirement: Requirement
    hashes: int = 0

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version


def pins(text: str) -> list[Pin]:
    """Return what a file of the lock holds."""
    found: list[Pin] = []
    for line in text.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            found.append(Pin(Requirement(line.removesuffix(" \\"))))
        elif re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line):
            found[-1].hashes += 1
        else:
            assert re.match(r" *#|$", line), line
    return found


def group(name: str) -> Iterator[str]:
    """Yield the requirements of a dependency group, those of included groups among them."""
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def wanted(lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks of a file of the lock."""
    extras, groups = CONTENTS[lock]
    texts = [each for name in groups for each in group(name)]
    if extras is not None:
        texts += PROJECT["project"]["dependencies"]
        texts += [each for extra in extras for each in PROJECT["project"]["optional-dependencies"][extra]]
    return [Requirement(text) for text in texts]


def problems(requirements: list[Requirement], locked: list[Pin], environment: dict[str, str]) -> list[str]:
    """Return the requirements that the lock does not meet in an environment."""

    def holds(requirement: Requirement) -> bool:
        return requirement.marker is None or requirement.marker.evaluate(environment)

    versions = {
        canonicalize_name(pin.requirement.name): pin.version for pin in locked if holds(pin.requirement)
    }

    def met(requirement: Requirement) -> bool:
        version = versions.get(canonicalize_name(requirement.name))
        return version is not None and requirement.specifier.contains(version, prereleases=True)

    return [str(requirement) for requirement in requirements if holds(requirement) and not met(requirement)]


def test_every_file_of_the_lock_is_made_for_something() -> None:
    assert set(LOCKS) == set(CONTENTS)


@pytest.mark.parametrize("lock", sorted(CONTENTS))
def test_the_lock_meets_what_the_project_requires_everywhere(lock: str) -> None:
    locked, requirements = pins(LOCKS[lock].read_text("utf-8")), wanted(lock)
    assert requirements
    unmet = {each for environment in ENVIRONMENTS for each in problems(requirements, locked, environment)}
    assert not unmet, "run `make lock`"


@pytest.mark.parametrize("lock", sorted(CONTENTS))
def test_every_package_in_the_lock_has_one_version_and_hashes(lock: str) -> None:
    locked = pins(LOCKS[lock].read_text("utf-8"))
    assert [str(pin.requirement) for pin in locked if pin.hashes == 0] == []
    for environment in ENVIRONMENTS:
        names = [
            pin.requirement.name
            for pin in locked
            if pin.requirement.marker is None or pin.requirement.marker.evaluate(environment)
        ]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("lock", sorted(CONTENTS))
def test_the_lock_names_no_index_and_no_address(lock: str) -> None:
    text = LOCKS[lock].read_text("utf-8")
    assert not re.search(r"://|^\s*-(?!-hash)| @ ", text, re.MULTILINE)


@pytest.mark.parametrize("lock", ["demo", "bench"])
def test_what_is_shown_and_measured_has_the_versions_that_are_tested(lock: str) -> None:
    locked, dev = (pins(LOCKS[name].read_text("utf-8")) for name in (lock, "dev"))
    tested = {pin.requirement.name: pin.version for pin in dev}
    for pin in locked:
        assert pin.version == tested.get(pin.requirement.name, pin.version), pin.requirement.name


def test_a_requirement_that_the_lock_lacks_or_holds_too_old_is_noticed() -> None:
    locked = pins(f"a==1.2 \\\n    --hash=sha256:{'0' * 64}\nB.c==2 ; sys_platform == 'win32'\n")
    asked = [Requirement(text) for text in ("a>=1", "a>=1.3", "b-c>=1", "d")]
    linux, windows = ({"sys_platform": name} for name in ("linux", "win32"))
    assert problems(asked, locked, linux) == ["a>=1.3", "b-c>=1", "d"]
    assert problems(asked, locked, windows) == ["a>=1.3", "d"]
