"""Compile everything that runs in compiled form, by running a small city under every kind of rule."""

from __future__ import annotations

import time
from collections.abc import Callable

import numba

from sim.dispatch.registry import POLICIES
from sim.experiment.run import simulate
from sim.rules.compiling import is_warm
from sim.scenario import load_scenario

SMALL_CITY = {"fleet": {"cars": 200}, "time": {"days": 1, "warmup_days": 1}, "outputs": {"figures": False}}


def warm_up(tell: Callable[[str], None]) -> None:
    """Compile the rules into the user's cache folder, and say how long it took."""
    began, was_warm = time.perf_counter(), is_warm()
    arms = {
        "uncontrolled": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}},
        **{
            name: {"operator": {"policy": name}, "participation": {"contract": "two_way"}}
            for name in POLICIES
        },
    }
    simulate(load_scenario({**SMALL_CITY, "arms": arms, "reference": "uncontrolled"}))
    household = {"market": {"household": {"meter": "household"}}}
    simulate(load_scenario({**SMALL_CITY, **household}))
    seconds = time.perf_counter() - began
    done = "was compiled already" if was_warm else "is compiled now"
    tell(f"all {done}, in {numba.config.CACHE_DIR}: {seconds:.0f} s")
