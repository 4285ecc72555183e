"""The ledger: every payment has a payer, a payee and a reason, so that balances sum to zero."""

from __future__ import annotations

from collections import defaultdict


class Ledger:
    """Money that changed hands [yuan].

    Attributes
    ----------
    balance : dict of str to float
        Net receipts of each party.
    paid : dict of (payer, payee, reason) to float
    """

    def __init__(self) -> None:
        self.balance: dict[str, float] = defaultdict(float)
        self.paid: dict[tuple[str, str, str], float] = defaultdict(float)

    def pay(self, payer: str, payee: str, yuan: float, reason: str) -> None:
        """Enter a payment."""
        if yuan != 0.0:
            self.balance[payer] -= yuan
            self.balance[payee] += yuan
            self.paid[payer, payee, reason] += yuan

    def turnover(self) -> float:
        """Sum of all payments, whatever their direction [yuan]."""
        return sum(abs(yuan) for yuan in self.paid.values())

    def imbalance(self) -> float:
        """Sum of the balances of all parties; zero up to rounding [yuan]."""
        return sum(self.balance.values())
