"""Where scenarios and sweeps are found: by path, or by the name of one that ships."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sim.scenario.errors import ScenarioError, suggestion

SWEEPS, PILOTS = "sweeps", "pilots"
#: Names that no folder on Windows may have.
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def scenarios_folder() -> Path:
    """Folder of the shipped scenarios: inside the installed package, or beside it in a clone."""
    package = Path(__file__).parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped_scenarios() -> list[Path]:
    """Scenario files that can be run as they are."""
    return sorted(scenarios_folder().glob("*.yaml"))


def shipped_pilots() -> list[Path]:
    """Scenario files of pilots; ``pilots/NAME`` names one."""
    return sorted((scenarios_folder() / PILOTS).glob("*.yaml"))


def shipped_sweeps() -> list[Path]:
    """Sweep files that can be run as they are."""
    return sorted((scenarios_folder() / SWEEPS).glob("*.yaml"))


def find_scenario(named: str | Path, beside: Path | None = None) -> Path:
    """File of a scenario: a path, or a name that ships, with or without ``scenarios/`` and ``.yaml``.

    Parameters
    ----------
    named : str or Path
    beside : Path, optional
        Folder that the path is relative to; without it, the working folder.

    Raises
    ------
    ScenarioError
        If there is neither; the message lists what ships.
    """
    names = [path.stem for path in shipped_scenarios()]
    names += [f"{PILOTS}/{path.stem}" for path in shipped_pilots()]
    return _found(named, beside, scenarios_folder(), names)


def find_sweep(named: str | Path) -> Path:
    """File of a sweep: a path, or the name of one that ships, with or without ``scenarios/sweeps/``."""
    return _found(named, None, scenarios_folder() / SWEEPS, [path.stem for path in shipped_sweeps()])


def _found(named: str | Path, beside: Path | None, folder: Path, names: list[str]) -> Path:
    path = Path(named) if beside is None else beside / named
    shipped = _shipped(Path(named), folder)
    if shipped is not None and (not _exists(path) or path.is_dir()):
        return shipped
    if _exists(path):
        return path
    others = [item.name for item in sorted(path.parent.glob("*.yaml"))] if _exists(path.parent) else []
    hint = suggestion(path.name, others) or suggestion(path.stem, names) or ";"
    raise ScenarioError.single(str(named), "", f"no such file{hint} these ship: {', '.join(names)}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        return False


def _shipped(named: Path, folder: Path) -> Path | None:
    """The shipped file of a name, if there is one."""
    if named.is_absolute() or ".." in named.parts or not named.name:
        return None
    inside = list(named.parts)
    for leading in ("scenarios", *folder.relative_to(scenarios_folder()).parts):
        if inside[:1] == [leading]:
            inside = inside[1:]
    for path in (folder.joinpath(*inside), folder.joinpath(*inside).with_name(f"{named.name}.yaml")):
        if inside and _exists(path) and path.is_file():
            return path
    return None


def folder_name(name: str) -> str:
    """A name of people's as the name of a folder or a file on any system.

    Letters of any script that names of files here may have, digits, spaces, ``-``, ``_`` and dots stay;
    everything else becomes ``-``.
    """
    shown = name.encode(sys.getfilesystemencoding(), "replace").decode(sys.getfilesystemencoding())
    safe = re.sub(r"[^\w .-]", "-", shown).strip(" .")[:80].strip(" .")
    return f"{safe}-" if not safe or RESERVED.fullmatch(safe) else safe
