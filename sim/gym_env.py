"""The operator's decision as a Gymnasium environment: one action a step, on the real city.

Needs the extra ``gym``. Nothing an agent does can break a promise or a limit: its wish goes through the same
gate as that of any policy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from sim.dispatch.policy import Moment, NoSettings, Policy, Wish
from sim.model import CityModel
from sim.runs.run import prepare
from sim.scenario.shipped import scenarios_folder

FORECAST_H = 12  # hours of forecast in an observation
HIGHEST = 10.0  # observations are shares of the scenario's peak, and cut here
YUAN = 1e6  # of reward

Observation = NDArray[np.float32]


class Obedient(Policy):
    """Wishes what it has been told to."""

    wished_mw = 0.0

    def wish(self, moment: Moment) -> Wish:
        """The power asked for."""
        return self.wished_mw


class OperatorEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """Control all plugged cars of a city, a step at a time.

    Parameters
    ----------
    scenario : path or str
        Scenario file, or the name of a shipped one.
    arm : str
        Arm whose contract holds; its policy is replaced by the agent.
    settings : mapping, optional
        Changes to the scenario.

    Attributes
    ----------
    action_space : Box, shape (1,)
        From -1 (feed in all that cars can give) to 1 (draw all they can take).
    observation_space : Box, shape (10 + 12,)
        Hour of the day as sine and cosine; net load without the controlled cars, what these could draw
        and discharge, what they were last asked for, energy owed to them and to spare, each over the
        scenario's peak demand (energy over an hour of it); price of feeding in and marginal cost of supply,
        [yuan/kWh]; net load forecast for the next twelve hours over the peak.

    Notes
    -----
    The reward of a step is the variable cost of supply, [million yuan], negative. Episodes end with the
    scenario; warm-up days pass under the arm's own policy before the first observation.

    Examples
    --------
    >>> from sim.gym_env import OperatorEnv
    >>> env = OperatorEnv("quickstart", settings={"fleet.sample": 0.0003})
    >>> observation, info = env.reset(seed=1)
    >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    """

    def __init__(
        self,
        scenario: str | Path = "quickstart",
        arm: str = "v2g",
        settings: Mapping[str, Any] | None = None,
    ):
        path = Path(scenario)
        self._path = path if path.suffix else scenarios_folder() / f"{scenario}.yaml"
        self._arm, self._settings = arm, dict(settings or {})
        self._spec = prepare(self._path, settings=self._settings)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Box(-HIGHEST, HIGHEST, (10 + FORECAST_H,), np.float32)
        self._policy = Obedient(NoSettings())
        self.model: CityModel | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Draw a city anew; the same seed draws the same one."""
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(2**31))
        if self.model is not None:
            self.model.forget()
        model = CityModel(self._spec.model_copy(update={"seed": drawn}), arm=self._arm)
        while model.step_index < model.clock.warmup_steps:
            model.step()
        model.operator.policy, self._policy.wished_mw = self._policy, 0.0
        self.model, self._seen = model, self._observed(model)
        return self._seen, {"seed": drawn}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Wish, and let the city go on for a step."""
        model = self.model
        if model is None or model.finished:
            raise RuntimeError("the episode is over; call reset()")
        share = float(np.clip(np.asarray(action, np.float64).reshape(-1)[0], -1.0, 1.0))
        self._policy.wished_mw = share * (self._takes_mw if share > 0.0 else self._gives_mw)
        model.step()
        latest = model.accountant.records.latest
        reward = -latest["generation_cost_yuan"] / YUAN
        if not model.finished:
            self._seen = self._observed(model)
        return self._seen, reward, False, model.finished, latest

    def _observed(self, model: CityModel) -> Observation:
        """What the operator knows when the next step begins."""
        now = model.step_index
        outlook, peak = model.operator.outlook(), model.spec.grid.peak_demand_mw
        self._takes_mw, self._gives_mw = float(outlook.charge_mw[0]), float(outlook.discharge_mw[0])
        per_hour = max(1, round(1.0 / model.spec.step_hours))
        ahead = outlook.net_load_mw[: FORECAST_H * per_hour : per_hour]
        ahead = np.pad(ahead, (0, FORECAST_H - len(ahead)), mode="edge")  # the plan may look less far ahead
        turn = 2.0 * math.pi * float(model.clock.hours[now]) / 24.0
        series, system = model.world.series[now], model.grid.system
        marginal = system.latest.price_yuan_per_mwh if model.step_index else 0.0
        found = [
            math.sin(turn),
            math.cos(turn),
            float(outlook.net_load_mw[0]) / peak,
            self._takes_mw / peak,
            self._gives_mw / peak,
            self._policy.wished_mw / peak,
            outlook.owed_mwh / peak,
            outlook.spare_mwh / peak,
            float(series["feed_in_price"] + series["event_premium"]),
            marginal / 1000.0,
            *(ahead / peak),
        ]
        return np.clip(np.array(found, np.float32), -HIGHEST, HIGHEST)

    def close(self) -> None:
        """Give the memory back."""
        if self.model is not None:
            self.model.forget()
            self.model = None
