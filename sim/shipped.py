"""Where the scenarios that ship with v2gcity are."""

from __future__ import annotations

from pathlib import Path


def scenarios_folder() -> Path:
    """Folder of the shipped scenarios: inside the installed package, or beside it in a clone."""
    package = Path(__file__).parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped_scenarios() -> list[Path]:
    """Scenario files that can be run as they are."""
    return sorted(scenarios_folder().glob("*.yaml"))
