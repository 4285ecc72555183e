"""User-defined code in a run: policies by name, and agent subclasses by row.

No code is imported merely because a file names it. Classes are passed in Python, or the command line states
the folder of the modules that a scenario names.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.dispatch.policy import Policy
from sim.scenario.errors import ScenarioError, suggestion
from sim.state.row_agents import RowAgent

MOST_FILES = 2_000


@dataclass(frozen=True)
class OwnCode:
    """User-defined classes.

    Attributes
    ----------
    policies : mapping of str to type
        Policies by the name used in ``operator.policy``.
    agents : mapping of type to iterable of int
        Rows that become agents of a subclass of ``Driver``, ``Car`` or ``Charger``, in every arm.
    folder : Path, optional
        Folder that the modules were imported from, if any.
    """

    policies: Mapping[str, type[Policy]] = field(default_factory=dict)
    agents: Mapping[type[RowAgent], Iterable[int]] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        for name, policy in self.policies.items():
            if not (isinstance(policy, type) and issubclass(policy, Policy)):
                raise TypeError(f"policies: '{name}' is no subclass of sim.Policy: {policy!r}")
        object.__setattr__(self, "agents", {kind: tuple(rows) for kind, rows in self.agents.items()})

    @property
    def digest(self) -> str:
        """Digest of the sources and of the rows they apply to; empty without user code."""
        if not self.policies and not self.agents:
            return ""
        digest = hashlib.sha256()
        for name, policy in sorted(self.policies.items()):
            digest.update(name.encode())
            _add_sources(digest, policy)
        for kind, rows in self.agents.items():
            digest.update(f"{kind.__qualname__} {sorted(rows)}".encode())
            _add_sources(digest, kind)
        for path in _python_files(self.folder) if self.folder is not None else ():
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:16]


NO_OWN_CODE = OwnCode()


def _add_sources(digest: Any, cls: type) -> None:
    """Add the source of a class and of its bases outside this package."""
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in ("sim", "mesa", "builtins", "abc"):
            continue
        try:
            digest.update(Path(inspect.getfile(base)).read_bytes())
        except (OSError, TypeError):
            try:
                digest.update(inspect.getsource(base).encode())
            except (OSError, TypeError):  # typed into an interpreter
                digest.update(b"".join(_machine_code(base)))


def _machine_code(cls: type) -> Iterator[bytes]:
    for name, value in sorted(vars(cls).items()):
        code = getattr(value, "__code__", None)
        yield name.encode() + (
            repr(value).encode() if code is None else code.co_code + repr(code.co_consts).encode()
        )


def _python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))[:MOST_FILES]


def code_in(folder: Path, named: Iterable[str]) -> OwnCode:
    """Import the policies that a scenario names from the modules of a folder.

    Parameters
    ----------
    folder : Path
    named : iterable of str
        Import paths, ``package.module:Class``.

    Raises
    ------
    ScenarioError
        If a module is not in the folder, cannot be imported, or has no policy of that name.
    """
    place = folder.resolve()
    if not place.is_dir():
        raise ScenarioError.single("--code", str(folder), "is no folder")
    sys.path.insert(0, str(place))
    try:
        policies = {name: _policy_in(place, name) for name in dict.fromkeys(named)}
    finally:
        sys.path.remove(str(place))
    return OwnCode(policies, folder=place)


def _policy_in(folder: Path, name: str) -> type[Policy]:
    module, _, attribute = name.partition(":")
    parts = folder.joinpath(*module.split("."))
    if not parts.with_suffix(".py").is_file() and not (parts / "__init__.py").is_file():
        files = [".".join(path.relative_to(folder).with_suffix("").parts) for path in _python_files(folder)]
        hint = suggestion(module, files)
        raise ScenarioError.single("--code", name, f"there is no module '{module}' in {folder}{hint}")
    sys.modules.pop(module, None)  # another folder's module of that name may have been imported
    try:
        found = getattr(import_module(module), attribute, None)
    except Exception as error:
        reason = f"'{module}' cannot be imported ({type(error).__name__}: {error})"
        raise ScenarioError.single("--code", name, reason) from error
    if not (isinstance(found, type) and issubclass(found, Policy)):
        raise ScenarioError.single(
            "--code", name, f"'{module}' has no class '{attribute}' that is a sim.Policy"
        )
    return found
