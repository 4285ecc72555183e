"""Tiny sweeps: a city of some hundred cars at hourly steps, a tenth of a second a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

CITY = """\
name: tiny
seed: 5
time: {start: 2025-08-27, days: 1, warmup_days: 0, step_minutes: 60}
fleet: {cars: 1_510_000, sample: 0.0002, v2g_capable: 1.0}
participation: {enrolled_share: 0.3}
outputs: {figures: false}
arms:
  uncontrolled: {operator: {policy: immediate}, participation: {contract: none}}
  v2g: {operator: {policy: peak-shave}, participation: {contract: two_way}}
"""

HEAD = """\
scenario: city.yaml
outcomes:
  peak_cut_mw: effects.v2g.peak_shaving_mw
  charged_mwh: arms.v2g.energy_charged_mwh
"""

GRID = """\
design: {kind: grid}
parameters:
  enrolled: {path: participation.enrolled_share, values: [0.1, 0.35]}
  power: {path: chargers.bidirectional_kw, values: [3.3, 6.6, 11.0], unit: kW}
"""


def write_sweep(folder: Path, body: str = GRID, head: str = HEAD, city: str = CITY) -> Path:
    """Write a small sweep and its scenario into a folder."""
    (folder / "city.yaml").write_text(city)
    path = folder / "mine.yaml"
    path.write_text(head + body)
    return path


@pytest.fixture
def sweep_file(tmp_path: Path) -> Callable[..., Path]:
    return partial(write_sweep, tmp_path)
