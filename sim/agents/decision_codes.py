"""Reasons for a charger's power: codes stored when the decision is taken."""

from __future__ import annotations

(
    NONE, NOT_CONTROLLED, OVERRIDDEN, PROMISE, CHEAP, WAITS, SELLS, CALLED_TO_CHARGE, CALLED_TO_FEED_IN,
    TOLD_TO_WAIT, WORTH_CHARGING, WORTH_FEEDING_IN, WORTH_WAITING, READY,
    OUT_OF_ORDER, LINK_LOST, LIMITED, DROVE_OUT, TIMER,
) = range(19)  # fmt: skip

# How a driver has answered a call (``Driver.answers_call``).
NOT_AT_ALL, PLUGGED_AGAIN, DRIVES_OUT, SELLING, DRIVES_BACK = range(5)

#: Texts shown to owners. ``{price}`` is the current price, ``{reckoned}`` the value it was compared with.
WORDS = {
    NONE: "",
    NOT_CONTROLLED: "nobody controls this session: charging at once",
    OVERRIDDEN: "the button was pressed: charging at once",
    PROMISE: "has to charge now to keep the promise or the reserve",
    CHEAP: "among the cheapest hours before leaving: {price:.3f} yuan/kWh, dearest needed {reckoned:.3f}",
    WAITS: "cheaper hours come before leaving: {price:.3f} yuan/kWh now, {reckoned:.3f} later",
    SELLS: "{price:.3f} yuan/kWh is more than buying back, losses and wear come to: {reckoned:.3f}",
    CALLED_TO_CHARGE: "the operator calls: charge, net load is low",
    CALLED_TO_FEED_IN: "the operator calls: feed in, net load is high",
    TOLD_TO_WAIT: "the operator asks to wait",
    WORTH_CHARGING: "charging now saves {reckoned:.3f} yuan/kWh later, the price is {price:.3f}",
    WORTH_FEEDING_IN: "{price:.3f} yuan/kWh is more than the energy is worth to the car: {reckoned:.3f}",
    WORTH_WAITING: "charging can wait: {price:.3f} yuan/kWh now, worth {reckoned:.3f} to the car",
    OUT_OF_ORDER: "the charger is out of order",
    LINK_LOST: "the charger has lost the operator and follows its local rule",
    LIMITED: "held back by the limit of the site or feeder",
    DROVE_OUT: "drove here to sell while an event pays for it",
    TIMER: "a timer starts charging in the cheap hours",
    READY: "charged as far as the owner wants",
}
