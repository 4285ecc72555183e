"""Charge at once at full power."""

from __future__ import annotations

from sim.dispatch.policy import Moment, Policy, Wish


class Immediate(Policy):
    """Charge at once at full power: no coordination at all."""

    one_way = True

    def wish(self, moment: Moment) -> Wish:
        """No wish."""
        return None
