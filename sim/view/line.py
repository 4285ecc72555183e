"""The line to a page: messages go out in order; a frame is on its way while the next step is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Deliver = Callable[[dict[str, Any]], None]


class Line:
    """Hands messages on, one after the other, from a thread of its own.

    Parameters
    ----------
    deliver : callable
        Given messages for the page: ``kind`` and what belongs to it.
    """

    def __init__(self, deliver: Deliver):
        self._deliver = deliver
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="v2gcity-line")
        self._on_its_way: Future[None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Hand a message on, and wait until it is out: what it speaks of stays as it is meanwhile."""
        self.post(message)
        self._wait()

    def post(self, message: dict[str, Any]) -> None:
        """Hand on a message that nobody will change; only the one before it has to be out."""
        self._wait()
        self._on_its_way = self._thread.submit(self._deliver, message)

    def close(self) -> None:
        """End the thread when the last message is out."""
        self._thread.shutdown()

    def _wait(self) -> None:
        going, self._on_its_way = self._on_its_way, None
        if going is not None:
            going.result()
