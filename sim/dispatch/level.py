"""Level dispatch: one number steers a million cars in linear time.

Chargers offer what is safe; the offers go into a histogram by laxity (how long the car can still
wait). To draw more, the operator lets those charge that can wait least; to feed in, those that can
wait longest. One threshold splits the fleet so that the sum meets the wish. Cars of the marginal
bin take turns at full power rather than all running at part load, where converters waste.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.signal import HOURS_PER_BIN, LAXITY_BINS, Signal, level_signal
from sim.rules.compiling import compiled

BOOK_ENTRIES = 2 * LAXITY_BINS + 1


@compiled
def laxity_bin(laxity_h: float) -> int:
    """Bin of a laxity; the last one holds everything beyond 32 hours."""
    return min(LAXITY_BINS - 1, max(0, int(laxity_h / HOURS_PER_BIN)))


def clear(book: NDArray[np.float64], target_kw: float, one_way: bool = False) -> Signal:
    """Find the threshold at which the steered cars together draw the target.

    Parameters
    ----------
    book : ndarray, shape (BOOK_ENTRIES,)
        Offers: power [kW] above what cars must take, by laxity bin; power below it, by laxity bin;
        and last, what all must take. See :func:`sim.agents.kernels.order_book`.
    target_kw : float
        Wished sum of all steered cars; negative to feed in. Out of reach means as near as is safe.
    one_way : bool
        Nobody feeds in, not even to make up for those who must charge.
    """
    must = float(book[2 * LAXITY_BINS])
    if one_way or target_kw >= must:
        at, share = _threshold(book[:LAXITY_BINS], target_kw - must)
        return level_signal((at, share), (LAXITY_BINS, 0.0))
    room = book[LAXITY_BINS : 2 * LAXITY_BINS][::-1]
    at, share = _threshold(room, must - target_kw)
    return level_signal((0, 0.0), (LAXITY_BINS - 1 - at, share))


def _threshold(room_kw: NDArray[np.float64], wanted_kw: float) -> tuple[int, float]:
    """First bin at which the running sum reaches a power, and the share of that bin it takes."""
    if wanted_kw <= 0.0:
        return 0, 0.0
    reached = np.cumsum(room_kw)
    if reached[-1] <= wanted_kw:
        return len(room_kw), 0.0
    at = int(np.searchsorted(reached, wanted_kw))
    before = float(reached[at - 1]) if at else 0.0
    return at, (wanted_kw - before) / float(room_kw[at])
