"""What a run has recorded, as Mesa's tools ask for it."""

from __future__ import annotations

from typing import Any

from mesa.datacollection import DataCollector

from sim.accounting.tables import SYSTEM_COLUMNS, Records


class CollectedSteps(DataCollector):
    """Mesa's ``DataCollector`` filled from the records of a run: one value of every column for each step.

    Steps of the warm-up hold None, for nothing is recorded in them. Agents are not copied in every step: ask
    ``model.agents`` for them, or use a collector of your own.

    Parameters
    ----------
    records : Records
        Columns of ``system.parquet`` so far.
    warmup_steps, steps : int
        Steps before recording begins, and steps done.
    """

    def __init__(self, records: Records, warmup_steps: int, steps: int):
        def latest(name: str) -> Any:
            return lambda model: model.accountant.records.latest[name]

        super().__init__(model_reporters={name: latest(name) for name in SYSTEM_COLUMNS})
        settling = [None] * min(warmup_steps, steps)
        for name in SYSTEM_COLUMNS:
            self.model_vars[name] = [*settling, *records.columns[name][: records.filled].tolist()]
        self._collection_steps = list(range(1, steps + 1))
