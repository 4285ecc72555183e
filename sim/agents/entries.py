"""The chart of accounts of a car: one declaration for each entry.

Each number below is the index of its entry in every account. Entries posted in most steps come first, so
that they share few cache lines.
"""

from __future__ import annotations

from sim.market.parties import (
    CHARGE_POINT_OPERATORS,
    FEED_IN_PAYER,
    GRID_COMPANY,
    OPERATOR,
    OWNERS,
    SELLER,
)
from sim.state.entries import COST, REVENUE, Chart, Entry

#: Capacity of an account in entries: more than are declared here, in whole cache lines, so that entries
#: declared by users change nothing in compiled code.
ROOM = 41

CHART = Chart(ROOM)

# ------------------------------------------------------------------------------- posted in most steps
CHARGED_KWH = CHART.declare(Entry(
    "charged_kwh", "kWh", "drawn from the grid, standby included", day="bought_kwh", timeline="charged_kwh",
))  # fmt: skip
BATTERY_IN_KWH = CHART.declare(Entry("battery_in_kwh", "kWh", "energy that reached the battery"))
CHARGING_COST_YUAN = CHART.declare(Entry(
    "charging_cost_yuan", "yuan", "paid for charging", sign=COST, payer=OWNERS, payee=SELLER, part="charging",
    day="bought_yuan", timeline="charging_yuan",
))  # fmt: skip
IDLE_FEES_YUAN = CHART.declare(Entry(
    "idle_fees_yuan", "yuan", "paid for a full car that stayed at a public post", sign=COST, payer=OWNERS,
    payee=CHARGE_POINT_OPERATORS, reason="idle fee", part="charging",
))  # fmt: skip
SERVICE_FEES_YUAN = CHART.declare(Entry(
    "service_fees_yuan", "yuan", "service fees within the cost of charging", part_of="charging_cost_yuan",
    day="fees_yuan",
))  # fmt: skip
FAST_CHARGED_KWH = CHART.declare(Entry(
    "fast_charged_kwh", "kWh", "of the energy drawn, by direct current: at fast posts and on the way",
    part_of="charged_kwh",
))  # fmt: skip
PLUGGED_H = CHART.declare(Entry("plugged_h", "h", "time plugged in"))
KM = CHART.declare(Entry("km", "km", "distance of planned trips"))
DRIVEN_KWH = CHART.declare(Entry("driven_kwh", "kWh", "battery energy used by driving"))

# ------------------------------------------------------------------------------- in sessions under a contract
ON_CALL_H = CHART.declare(Entry("on_call_h", "h", "time plugged in, controlled and able to feed in"))
MONTH_ON_CALL_H = CHART.declare(Entry("month_on_call_h", "h", "time on call in this month", monthly=True))
MONTH_ON_CALL_KWH = CHART.declare(Entry(
    "month_on_call_kwh", "kWh", "rating times time on call in this month", monthly=True,
))  # fmt: skip
DISCHARGED_KWH = CHART.declare(Entry(
    "discharged_kwh", "kWh", "fed in", day="sold_kwh", timeline="discharged_kwh",
))  # fmt: skip
BATTERY_OUT_KWH = CHART.declare(Entry(
    "battery_out_kwh", "kWh", "energy the battery gave for feeding in",
))  # fmt: skip
FEED_IN_REVENUE_YUAN = CHART.declare(Entry(
    "feed_in_revenue_yuan", "yuan", "received for feeding in", sign=REVENUE, payer=FEED_IN_PAYER,
    payee=OWNERS, reason="feed-in", shared=True, part="feed_in", day="sold_yuan", timeline="feed_in_yuan",
))  # fmt: skip
EVENT_REVENUE_YUAN = CHART.declare(Entry(
    "event_revenue_yuan", "yuan", "received for events: energy fed in then, and coming back when called",
    sign=REVENUE, payer=GRID_COMPANY, payee=OWNERS, reason="event", shared=True, part="events",
    day="events_yuan", timeline="events_yuan",
))  # fmt: skip

COMPENSATION_YUAN = CHART.declare(Entry(
    "compensation_yuan", "yuan", "received where recharging cost more than the energy fed in had earned",
    sign=REVENUE, payer=OPERATOR, payee=OWNERS, reason="compensation", part="feed_in",
    day="compensation_yuan", timeline="compensation_yuan",
))  # fmt: skip
DISCHARGED_AT_A_LOSS_KWH = CHART.declare(Entry(
    "discharged_at_a_loss_kwh", "kWh", "fed in although the owner would have refused",
))  # fmt: skip
RECHARGED_AT_A_LOSS_KWH = CHART.declare(Entry(
    "recharged_at_a_loss_kwh", "kWh", "fed in and recharged at a loss, before compensation",
))  # fmt: skip

# ------------------------------------------------------------------------------- departures and arrivals
TRIPS = CHART.declare(Entry("trips", "", "trips started", whole=True))
SESSIONS = CHART.declare(Entry("sessions", "", "times plugged in", whole=True))
DISCHARGE_SESSIONS = CHART.declare(Entry(
    "discharge_sessions", "", "sessions in which the car fed in", whole=True,
))  # fmt: skip

# ------------------------------------------------------------------------------- on the road
FUEL_KM = CHART.declare(Entry("fuel_km", "km", "plug-in hybrids: distance driven on fuel"))
STRANDED_KWH = CHART.declare(Entry("stranded_kwh", "kWh", "energy a battery could not give on the road"))
EN_ROUTE_CHARGES = CHART.declare(Entry(
    "en_route_charges", "", "trips with charging on the way", whole=True,
))  # fmt: skip
EN_ROUTE_H = CHART.declare(Entry("en_route_h", "h", "time lost by charging on the way"))

# ------------------------------------------------------------------------------- calls to sell
DRIVE_OUTS = CHART.declare(Entry(
    "drive_outs", "", "times the driver went to a two-way post in order to sell", whole=True,
))  # fmt: skip
DRIVE_OUT_KM = CHART.declare(Entry("drive_out_km", "km", "distance driven to such posts and back"))
DRIVE_OUT_H = CHART.declare(Entry("drive_out_h", "h", "time on the way to such posts, at them, and back"))
SOLD_IN_CALLS_KWH = CHART.declare(Entry(
    "sold_in_calls_kwh", "kWh", "fed in there", part_of="discharged_kwh",
))  # fmt: skip

# ------------------------------------------------------------------------------- sessions and promises
OVERRIDES = CHART.declare(Entry(
    "overrides", "", "sessions in which the owner pressed the button that charges at once", whole=True,
))  # fmt: skip
DWELL_SHORTFALL_KWH = CHART.declare(Entry(
    "dwell_shortfall_kwh", "kWh", "missing because the stop was too short for any charger",
))  # fmt: skip
PROMISE_SHORTFALLS = CHART.declare(Entry(
    "promise_shortfalls", "", "sessions that ended with a broken promise, whatever the cause", whole=True,
    timeline="shortfalls",
))  # fmt: skip
PROMISE_SHORTFALL_KWH = CHART.declare(Entry(
    "promise_shortfall_kwh", "kWh", "missing at departure from what was promised",
))  # fmt: skip
SHORTFALLS_LEFT_EARLY = CHART.declare(Entry(
    "shortfalls_left_early", "", "of these, because the driver left before the stated time", whole=True,
    part_of="promise_shortfalls",
))  # fmt: skip
SHORTFALLS_SHOCK = CHART.declare(Entry(
    "shortfalls_shock", "", "of these, by a shock", whole=True, part_of="promise_shortfalls",
))  # fmt: skip
SHORTFALLS_LIMIT = CHART.declare(Entry(
    "shortfalls_limit", "", "of these, by the limit of a site or feeder", whole=True,
    part_of="promise_shortfalls",
))  # fmt: skip

# ------------------------------------------------------------------------------- contract payments
PENALTY_YUAN = CHART.declare(Entry(
    "penalty_yuan", "yuan", "owed for leaving before the stated time", sign=COST, payer=OWNERS,
    payee=OPERATOR, reason="left early", part="penalties_and_rent", day="penalties_yuan",
    timeline="penalties_yuan",
))  # fmt: skip
RENTAL_YUAN = CHART.declare(Entry(
    "rental_yuan", "yuan", "rent of a bidirectional charger at home", standing=True, sign=COST, payer=OWNERS,
    payee=CHARGE_POINT_OPERATORS, reason="charger rent", part="penalties_and_rent", day="rental_yuan",
    timeline="rent_yuan",
))  # fmt: skip
AVAILABILITY_REVENUE_YUAN = CHART.declare(Entry(
    "availability_revenue_yuan", "yuan", "received for being on call", by_month=True, sign=REVENUE,
    payer=GRID_COMPANY, payee=OWNERS, reason="availability", shared=True, part="availability",
    day="availability_yuan", timeline="availability_yuan",
))  # fmt: skip
