"""Run a small city in plain Python and write down who makes which random draw.

``NUMBA_DISABLE_JIT=1 python tests/watched_draws.py FOLDER`` prints one line for each draw that was made, as
JSON: replication's key, agent, day, purpose, and the lines of rules that made it. `FOLDER` is a place with few power
plants, for commitment takes its time without Numba.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from types import FrameType
from typing import Any

import numpy as np

from sim.rules import chance

drawn: dict[tuple[int, int, int, int], set[str]] = defaultdict(set)
_bits: Any = chance.bits


def _watched(key: np.uint64, agent: int, day: int, purpose: int) -> np.uint64:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals["__name__"] == chance.__name__:
        frame = frame.f_back
    rule = "?" if frame is None else f"{frame.f_globals['__name__']}.{frame.f_code.co_name}:{frame.f_lineno}"
    drawn[int(key), int(agent), int(day), int(purpose)].add(rule)
    bits: np.uint64 = _bits(key, agent, day, purpose)
    return bits


def main() -> None:
    """Run the city and print its draws."""
    chance.bits = _watched
    from sim import CityModel  # rules take their draws from what stands in ``chance`` when they are imported

    np.seterr(over="ignore")
    shared: dict[str, Any] = {
        "city__place": sys.argv[1], "fleet__cars": 120, "fleet__sample": 0.5, "time__days": 2, "time__warmup_days": 1,
        "fleet__v2g_capable": 0.7, "grid__outages": "drawn", "weather__temperature_profile": "normal",
        "market__household__meter": "household", "chargers__public_posts_per_car": 0.2,
        "market__calls": [{"at": "2025-08-27 15:00", "hours": 2.0, "yuan_per_kwh": 6.0}],
        "chargers__public_fast_bidirectional_share": 1.0,
        "participation__drive_out": {"registered_share": 1.0, "free_share": 0.9},
        "operator__event": {"first_yuan_per_kwh": 1.0, "wanted_share": 0.9},
        "shocks": [
            {"kind": "unplug", "at": "2025-08-27 19:00", "hours": 1.0, "share": 0.5},
            {"kind": "control_link", "at": "2025-08-27 21:00", "hours": 1.0, "share": 0.5},
            {"kind": "charger_outage", "at": "2025-08-27 20:00", "hours": 1.0, "share": 0.5},
        ],
    }  # fmt: skip
    for policy, enrolment in (("peak-shave", "choice"), ("tou-staggered", "share")):
        varied = {"arms__v2g__operator__policy": policy, "participation__enrolment": enrolment}
        CityModel("quickstart", arm="v2g", **shared, **varied).run_model()
    holiday = {"time__start": "2025-10-01", "time__days": 1, "seed": 7, "shocks": [], "market__calls": []}
    CityModel("quickstart", arm="uncontrolled", **shared | holiday).run_model()
    for (key, agent, day, purpose), rules in drawn.items():
        print(json.dumps([key, agent, day, purpose, sorted(rules)]))


if __name__ == "__main__":
    main()
