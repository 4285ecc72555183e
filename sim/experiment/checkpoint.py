"""Checkpoints: a long run that was stopped goes on where it was, to the same result.

A checkpoint is a folder beside the result: one file for each finished arm and replication, and one with the
state of the run that is going on. Files are written beside their place and renamed when whole. They hold
Python objects, so that only a checkpoint of one's own should be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import sim
from sim.rules.compiling import source_hash
from sim.scenario import Scenario, ScenarioError

SECONDS_BETWEEN_SAVES = 120.0
KEY = "key.json"


def checkpoint_folder(result: Path) -> Path:
    """Where the checkpoint of a result stands: beside it."""
    return result.with_name(f"{result.name}.checkpoint")


class Stopped(KeyboardInterrupt):
    """The run was asked to stop, and its state has been saved."""


class Checkpoint:
    """The saved state of one run.

    Parameters
    ----------
    folder : path
    spec : Scenario
        The scenario as it is run.

    Raises
    ------
    ScenarioError
        If the folder holds the checkpoint of another scenario, or of another version of the model.
    """

    def __init__(self, folder: Path, spec: Scenario):
        self.folder = folder
        self.asked_to_stop = False
        self._last_save = time.monotonic()
        key = {"scenario": _digest(spec), "version": sim.__version__, "sources": source_hash()[:16]}
        if (folder / KEY).is_file():
            found = json.loads((folder / KEY).read_text(encoding="utf-8"))
            if found != key:
                what = "scenario" if found.get("scenario") != key["scenario"] else "version of v2gcity"
                raise ScenarioError.single(
                    str(folder), "", f"is the checkpoint of another {what}; remove it to start afresh"
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._replace(KEY, lambda stream: stream.write(json.dumps(key).encode()))

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been saved yet."""
        return not any(self.folder.glob("*.pickle"))

    def finished(self, arm: str, replication: int) -> Any:
        """What a finished arm and replication left, or None."""
        return self._read(f"done-{arm}-{replication}.pickle")

    def finish(self, arm: str, replication: int, ran: Any) -> None:
        """Keep what a finished arm and replication left; its state is not needed any more."""
        self._write(f"done-{arm}-{replication}.pickle", ran)
        (self.folder / "going-on.pickle").unlink(missing_ok=True)

    def going_on(self, arm: str, replication: int) -> Any:
        """State of this arm and replication when it was saved last, or None."""
        saved = self._read("going-on.pickle")
        return saved["state"] if saved and saved["of"] == (arm, replication) else None

    def after_step(self, arm: str, replication: int, state: Callable[[], Any]) -> None:
        """Save when it is time to, and stop where that was asked for.

        Raises
        ------
        Stopped
            After a request to stop, when the state is safe.
        """
        due = time.monotonic() - self._last_save >= SECONDS_BETWEEN_SAVES
        if due or self.asked_to_stop:
            self._write("going-on.pickle", {"of": (arm, replication), "state": state()})
            self._last_save = time.monotonic()
        if self.asked_to_stop:
            raise Stopped

    def discard(self) -> None:
        """Remove the checkpoint: the result stands."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def stopping_at_a_step(self) -> Iterator[None]:
        """Let Ctrl-C stop the run when its present step is done; a second one stops it at once."""

        def ask(number: int, frame: FrameType | None) -> None:
            if self.asked_to_stop:
                raise KeyboardInterrupt
            self.asked_to_stop = True

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _read(self, name: str) -> Any:
        path = self.folder / name
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return pickle.load(stream)

    def _write(self, name: str, content: Any) -> None:
        self._replace(name, lambda stream: pickle.dump(content, stream, protocol=5))

    def _replace(self, name: str, write: Callable[[BinaryIO], Any]) -> None:
        """Write a file beside its place and rename it when it is whole."""
        scratch = self.folder / f"{name}.part"
        with scratch.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(self.folder / name)


def _digest(spec: Scenario) -> str:
    resolved = json.dumps(spec.resolved(), sort_keys=True, default=str)
    return hashlib.sha256(resolved.encode()).hexdigest()
