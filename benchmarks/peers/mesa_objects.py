"""Plain Mesa objects: cars that commute and charge at home. No operator, no prices, no grid."""

from __future__ import annotations

import json
import sys
import time

import mesa


class ToyCar(mesa.Agent):
    """Drives to work, back, and charges at 7 kW."""

    def __init__(self, model):
        super().__init__(model)
        self.leaves = int(model.rng.integers(26, 36))
        self.returns = int(model.rng.integers(66, 78))
        self.energy_kwh = 40.0

    def step(self):
        """Leave, come back, charge."""
        now = self.model.now % 96
        if now in (self.leaves, self.returns):
            self.energy_kwh -= 3.0
        if not self.leaves <= now < self.returns and self.energy_kwh < 50.0:
            power_kw = min(7.0, (50.0 - self.energy_kwh) / 0.25)
            self.energy_kwh += 0.25 * 0.92 * power_kw
            self.model.power_kw += power_kw


class ToyCity(mesa.Model):
    """Cars in a list of agents."""

    def __init__(self, cars):
        super().__init__(rng=1)
        self.now, self.power_kw = 0, 0.0
        for _ in range(cars):
            ToyCar(self)

    def step(self):
        """All cars, one after the other."""
        self.power_kw = 0.0
        self.agents.do("step")
        self.now += 1


city = ToyCity(int(sys.argv[1]))
began = time.process_time()
for _ in range(96):
    city.step()
print(json.dumps({"car_days": int(sys.argv[1]), "cpu_s": time.process_time() - began}))
