"""Parties to payments."""

from __future__ import annotations

OWNERS = "owners"
HOUSEHOLDS = "household meters"
GRID_COMPANY = "grid company"
AGGREGATOR = "aggregator"
EMPLOYERS = "employers"
CHARGE_POINT_OPERATORS = "charge-point operators"
SUPPLIERS = "plants and neighbouring grids"
#: Possible payers of discharged energy, besides the grid company (pay_regimes.csv).
CAR_MAKERS, GOVERNMENT = "car makers", "government"

# Parties that depend on the scenario.
OPERATOR = "operator"  # the aggregator where it keeps a share, otherwise the grid company
FEED_IN_PAYER = "payer of feeding in"  # market.pay.paid_by
SELLER = "seller at the charger"  # by kind of charger
