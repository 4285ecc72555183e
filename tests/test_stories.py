"""What is told of single cars: a reason never contradicts the deed it is given for."""

import numpy as np
import pytest

from sim.agents import reasons
from sim.agents.whereabouts import CHARGING, PLUGGED_IN
from sim.model import CityModel
from sim.report.owner import why
from sim.scenario import load_scenario
from sim.stories import reasons_for_deeds

CARS = 400
#: What a car may be doing when a reason is told.
DEEDS = {
    reasons.NONE: {"parked", "driving", "end"},
    reasons.UNSTEERED: {"charging"},
    reasons.OVERRIDDEN: {"charging"},
    reasons.PROMISE: {"charging"},
    reasons.CHEAP: {"charging"},
    reasons.CALLED_TO_CHARGE: {"charging"},
    reasons.WORTH_CHARGING: {"charging"},
    reasons.SELLS: {"feeding in"},
    reasons.WORTH_FEEDING_IN: {"feeding in"},
    reasons.CALLED_TO_FEED_IN: {"feeding in"},
    reasons.WAITS: {"waiting"},
    reasons.WORTH_WAITING: {"waiting"},
    reasons.TOLD_TO_WAIT: {"waiting"},
    reasons.READY: {"waiting"},
}


@pytest.mark.parametrize("policy", ["peak-shave", "coordinated", "price", "tou"])
def test_no_reason_contradicts_a_deed(policy):
    changes = {
        "fleet.sample": CARS / 1_510_000, "time.warmup_days": 1, "arms.v2g.operator.policy": policy,
        "participation.enrolled_share": 0.3,
    }  # fmt: skip
    model = CityModel(load_scenario("scenarios/quickstart.yaml", changes), "v2g", watched=range(CARS))
    model.run_model()
    stories = model.stories_frame()
    for reason, rows in stories.groupby("reason"):
        assert set(rows["doing"]) <= DEEDS[int(reason)], why(rows.iloc[0], None)


def test_what_a_charger_was_told_is_no_reason_for_what_the_car_cannot_do():
    """A car below its promise charges although it is told to wait, and a full one does not charge when called."""
    noted = np.array([reasons.TOLD_TO_WAIT, reasons.CALLED_TO_FEED_IN] * 2 + [reasons.CALLED_TO_CHARGE])
    does = np.array([CHARGING] * 2 + [PLUGGED_IN] * 3)
    told = reasons_for_deeds(noted, does)
    assert told.tolist() == [reasons.PROMISE] * 2 + [reasons.TOLD_TO_WAIT] * 2 + [reasons.READY]
