"""Grafana's dashboards as they are on disk, read for the page: what Grafana would draw, and how.

Only what our own dashboards hold is understood; anything else is refused by name. What the page
shows is thereby known to be computable from what the services tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.observe.promql import NotComputable, Query, read_query

PROVISIONED = Path(__file__).parent / "provisioned"
SHARED = PROVISIONED / "dashboards"
"""For whoever looks after nodes."""
INSIDE = {"provider": PROVISIONED / "inside-provider"}
"""For the people of a node of that kind alone: a Grafana inside the node, or its page here."""
EVERYTHING = ".*"
"""What Grafana puts for a variable on "All"."""
ALL = "$__all"
_LABEL = re.compile(r"\{\{([a-z_]+)\}\}")


@dataclass(frozen=True, slots=True)
class Target:
    """One expression of a panel, and how each of its lines is called."""

    query: Query
    legend: str

    def name(self, labels: Mapping[str, str]) -> str:
        """The legend of one line."""
        return _LABEL.sub(lambda found: labels.get(found[1], ""), self.legend).strip()


@dataclass(frozen=True, slots=True)
class Drawn:
    """One panel of a dashboard."""

    key: str
    title: str
    told: str
    """What it says beside the numbers: what being over the limit means, and the first action."""
    unit: str
    limit: float | None
    """The last threshold: above it the panel is red."""
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One question and its panels."""

    key: str
    title: str
    panels: tuple[Drawn, ...]


def read_dashboards(folder: Path) -> tuple[Dashboard, ...]:
    """Every dashboard of a folder, by title; NotComputable names what is not understood."""
    found = [_dashboard(json.loads(path.read_text())) for path in folder.glob("*.json")]
    return tuple(sorted(found, key=lambda each: each.title))


def _dashboard(written: Mapping[str, Any]) -> Dashboard:
    variables = {
        each["name"]: EVERYTHING
        for each in written["templating"]["list"]
        if each["current"]["value"] == ALL
    }
    key = written["uid"]
    panels = tuple(_panel(key, each, variables) for each in written["panels"])
    return Dashboard(key, written["title"], panels)


def _panel(dashboard: str, written: Mapping[str, Any], variables: Mapping[str, str]) -> Drawn:
    if written["type"] != "timeseries":
        raise NotComputable(f"not a kind of panel of ours: {written['type']}")
    defaults = written["fieldConfig"]["defaults"]
    steps = defaults.get("thresholds", {}).get("steps", [])
    return Drawn(
        key=f"{dashboard}.{written['id']}",
        title=written["title"],
        told=written["description"],
        unit=defaults["unit"],
        limit=steps[-1]["value"] if steps else None,
        targets=tuple(
            Target(read_query(each["expr"], variables), each["legendFormat"])
            for each in written["targets"]
        ),
    )
