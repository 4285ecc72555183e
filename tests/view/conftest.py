"""A small city for the view."""

import pytest

from sim.scenario import load_scenario
from sim.view.pair import Pair
from sim.view.pane import Side

SMALL = {"fleet.sample": 600 / 1_510_000, "time.warmup_days": 1}


@pytest.fixture(scope="session")
def small():
    return load_scenario("scenarios/quickstart.yaml", SMALL)


@pytest.fixture(scope="session", autouse=True)
def _compiled(small):
    """Whoever waits for a page does not wait for the compiler."""
    side = Side.of(Pair.of(small, "v2g"))
    while not side.pair.arm.finished:
        side.pair.step()
    side.look({})
