"""The audit: balances and limits that must hold in every step of every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 1e-9


@dataclass
class Audit:
    """Worst relative errors and broken limits of one run.

    Attributes
    ----------
    energy_error, money_error : float
        Largest relative error of any energy or money balance, per car, per step and for the system.
    violations : dict of str to int
        How often each limit was broken.
    """

    energy_error: float = 0.0
    money_error: float = 0.0
    violations: dict[str, int] = field(default_factory=dict)

    def energy(self, difference: float, scale: float) -> None:
        """Record the error of an energy balance, and the scale it is relative to."""
        self.energy_error = max(self.energy_error, abs(difference) / max(1.0, abs(scale)))

    def money(self, difference: float, scale: float) -> None:
        """Record the error of a money balance, and the scale it is relative to."""
        self.money_error = max(self.money_error, abs(difference) / max(1.0, abs(scale)))

    def limit(self, name: str, broken: float) -> None:
        """Record how many cars or chargers violated a limit in a step."""
        if broken:
            self.violations[name] = self.violations.get(name, 0) + int(broken)

    @property
    def passed(self) -> bool:
        """Whether every balance closes and every limit holds."""
        closes = self.energy_error <= TOLERANCE and self.money_error <= TOLERANCE
        return closes and not self.violations

    def summary(self) -> dict[str, Any]:
        """The entry of ``summary.json``."""
        return {
            "energy_balance_max_rel_error": self.energy_error,
            "money_balance_max_rel_error": self.money_error,
            "limit_violations": sum(self.violations.values()),
            "passed": self.passed,
        }

    def merged(self, other: Audit) -> Audit:
        """Combined audit of two runs."""
        names = self.violations.keys() | other.violations.keys()
        return Audit(
            max(self.energy_error, other.energy_error),
            max(self.money_error, other.money_error),
            {name: self.violations.get(name, 0) + other.violations.get(name, 0) for name in sorted(names)},
        )
