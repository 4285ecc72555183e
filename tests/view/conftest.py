"""A small city for the view."""

import pytest

from sim.scenario import load_scenario

SMALL = {"fleet.sample": 600 / 1_510_000, "time.warmup_days": 1}


@pytest.fixture(scope="session")
def small():
    return load_scenario("scenarios/quickstart.yaml", SMALL)
