"""The operator's decision as a Gymnasium environment."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from sim.gym_env import OperatorEnv

SETTINGS = {"fleet.sample": 200 / 1_510_000, "time.warmup_days": 1}


@pytest.fixture
def env():
    found = OperatorEnv("quickstart", settings=SETTINGS)
    yield found
    found.close()


def test_gymnasium_accepts_it(env):
    check_env(env, skip_render_check=True)


def played(env, action, seed=3):
    env.reset(seed=seed)
    total, frames = 0.0, []
    while True:
        _, reward, terminated, truncated, info = env.step(action)
        total += reward
        frames.append(info)
        if terminated or truncated:
            return total, frames


def test_an_episode_is_the_scenario_and_the_audit_passes(env):
    _, frames = played(env, np.array([-1.0], np.float32))
    assert len(frames) == 96
    env.model.accountant.finish()
    assert env.model.accountant.audit.passed
    with pytest.raises(RuntimeError, match="reset"):
        env.step(np.zeros(1, np.float32))


def test_what_is_wished_is_done_as_far_as_is_safe(env):
    _, gives = played(env, np.array([-1.0], np.float32))
    _, takes = played(env, np.array([1.0], np.float32))
    assert sum(frame["ev_discharge_mw"] for frame in gives) > 10.0
    assert sum(frame["ev_discharge_mw"] for frame in takes) == 0.0
    assert [frame["demand_mw"] for frame in gives] == [frame["demand_mw"] for frame in takes]


def test_the_same_seed_is_the_same_city(env):
    first, second, other = (env.reset(seed=seed)[0] for seed in (5, 5, 6))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_short_forecast_ends_as_it_ended():
    """Where the plan looks eight hours ahead, the hours after it are as the last one, not as the first."""
    env = OperatorEnv("quickstart", settings={**SETTINGS, "operator.horizon_hours": 8})
    seen, _ = env.reset(seed=1)
    ahead = seen[10:]
    assert len(set(ahead[:8])) > 1
    assert set(ahead[8:]) == {ahead[7]}
    env.close()
