"""Event calls: payments to owners who have unplugged, rising until enough cars are plugged in again."""

from __future__ import annotations

from sim.scenario.supply_side import EventSection


class EventCall:
    """Payment for being plugged in during an event.

    Parameters
    ----------
    settings : EventSection
    """

    def __init__(self, settings: EventSection):
        self._settings = settings
        self._before_mw = 0.0
        self.price_yuan_per_kwh = 0.0

    def update(self, called: bool, plugged_mw: float) -> float:
        """Payment of this step [yuan per kWh of rating plugged in].

        Parameters
        ----------
        called : bool
            Whether an event is active.
        plugged_mw : float
            Rating of the controlled cars plugged in when the step begins, [MW].
        """
        settings = self._settings
        if not called or settings.first_yuan_per_kwh <= 0.0:
            self._before_mw = plugged_mw
            self.price_yuan_per_kwh = 0.0
        elif self.price_yuan_per_kwh == 0.0:
            self.price_yuan_per_kwh = settings.first_yuan_per_kwh
        elif plugged_mw < settings.wanted_share * self._before_mw:
            raised = self.price_yuan_per_kwh + settings.raise_yuan_per_kwh
            self.price_yuan_per_kwh = min(raised, settings.highest_yuan_per_kwh)
        return self.price_yuan_per_kwh
