"""Golden run: the quickstart's figures, so that no change goes unnoticed.

Renew with ``python tests/update_reference.py`` and say why in the commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sim.runs.run import prepare, simulate

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "quickstart.yaml"
RELATIVE_TOLERANCE = 1e-6  # mathematical functions differ in the last bits between platforms


def golden_figures() -> dict[str, Any]:
    """All figures of the quickstart's summary but the audit, flat."""
    summary = simulate(prepare(ROOT / "scenarios" / "quickstart.yaml")).summary

    def flat(node: Any, prefix: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.items():
            if isinstance(value, dict):
                found |= flat(value, f"{prefix}{key}.")
            else:
                found[f"{prefix}{key}"] = value
        return found

    return {key: value for key, value in flat(summary).items() if not key.startswith("audit.")}


def test_quickstart_is_as_it_was():
    expected, found = YAML(typ="safe").load(GOLDEN.read_text()), golden_figures()
    assert list(found) == list(expected)
    assert {key: found[key] for key in expected if not same(found[key], expected[key])} == {}


def same(mine: Any, golden: Any) -> bool:
    if isinstance(golden, float):
        return mine == pytest.approx(golden, rel=RELATIVE_TOLERANCE, abs=1e-9)
    return mine == golden
