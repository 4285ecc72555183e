"""What is told of single cars: a reason never contradicts the deed it is given for."""

import pytest

from sim.agents import decision_codes
from sim.model import CityModel
from sim.report.owner import why
from sim.scenario import load_scenario

CARS = 400
#: What a car may be doing when a reason is told.
DEEDS = {
    decision_codes.NONE: {"parked", "driving", "end"},
    decision_codes.NOT_CONTROLLED: {"charging"},
    decision_codes.OVERRIDDEN: {"charging"},
    decision_codes.PROMISE: {"charging"},
    decision_codes.CHEAP: {"charging"},
    decision_codes.CALLED_TO_CHARGE: {"charging"},
    decision_codes.WORTH_CHARGING: {"charging"},
    decision_codes.SELLS: {"feeding in"},
    decision_codes.WORTH_FEEDING_IN: {"feeding in"},
    decision_codes.CALLED_TO_FEED_IN: {"feeding in"},
    decision_codes.WAITS: {"waiting"},
    decision_codes.WORTH_WAITING: {"waiting"},
    decision_codes.TOLD_TO_WAIT: {"waiting"},
    decision_codes.READY: {"waiting"},
    decision_codes.TIMER: {"waiting"},
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
