"""The Solara page: one stage for each tab, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import solara
import solara.lab

from sim.view.launch import REPLAY, SOURCE, THEME
from sim.view.stage import Stage

#: What Solara's own frame around a page would add.
BARE = ".solara-content-main { padding: 0 !important; animation: none !important }"


@solara.component  # type: ignore[untyped-decorator]
def Page() -> None:
    """The page. Each tab has a session of its own, which ends with the tab."""
    solara.Title("v2gcity")
    solara.Style(BARE)
    solara.lab.theme.dark = os.environ.get(THEME, "dark") == "dark"
    source = os.environ.get(SOURCE, "quickstart")
    replay = os.environ.get(REPLAY)
    element = Stage.element(
        source=source, replay=None if replay is None else Path(replay), dark=solara.lab.theme.dark
    )

    def live() -> Any:
        stage = solara.get_widget(element)
        return stage.session.close

    solara.use_effect(live, [])
    solara.Column(children=[element], style={"width": "100%"}, margin=0)
