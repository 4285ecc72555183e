"""The line to a page: messages go out in order; a frame is on its way while the next step is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

Deliver = Callable[[dict[str, Any]], None]

POSTMEN = 4  # threads that deliver for all pages


@cache
def _postmen() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(POSTMEN, thread_name_prefix="v2gcity-line")


class Line:
    """Hands messages on, one after the other, from a thread that is not the session's.

    Parameters
    ----------
    deliver : callable
        Given messages for the page: ``kind`` and what belongs to it.
    """

    def __init__(self, deliver: Deliver):
        self._deliver = deliver
        self._on_its_way: Future[None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Hand a message on, and wait until it is out: what it speaks of stays as it is meanwhile."""
        self.post(message)
        self._wait()

    def post(self, message: dict[str, Any]) -> None:
        """Hand on a message that nobody will change; only the one before it has to be out."""
        self._wait()
        self._on_its_way = _postmen().submit(self._deliver, message)

    def _wait(self) -> None:
        going, self._on_its_way = self._on_its_way, None
        if going is not None:
            going.result()
