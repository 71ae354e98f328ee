"""Grafana's dashboards and Prometheus' alert rules, written from the list of panels.

`python -m deploy.observe.grafana` writes them; with `--check` it only says whether they are as the
list wants them. They are files of the repository, so that a hub's operator can load them as they
are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.local.runbooks import FIRST_LOOK
from deploy.local.runbooks import FOLDER as RUNBOOKS
from deploy.observe.dashboards import INSIDE, PROVISIONED, SHARED
from deploy.observe.panels import SOURCE_LABELS, Panel, Question, Severity, questions

RULES = PROVISIONED / "alerts.yaml"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, ACROSS = 12, 8, 2
REFRESH, RANGE = "10s", "now-1h"
GRAFANA_SCHEMA = 39
ROLE = {Severity.PAGE: "on-call", Severity.TICKET: "operator"}


def files() -> dict[Path, str]:
    """Every file and what stands in it."""
    written = {
        folder_of(question) / f"{question.key}.json": json.dumps(dashboard(question), indent=1)
        + "\n"
        for question in questions()
    }
    head = "# Written by `make docs` from deploy/observe/panels.yaml; change it there.\n"
    written[RULES] = head + yaml.safe_dump(rules(), sort_keys=False, width=100)
    for whose, folder in INSIDE.items():
        written[folder / RULES.name] = head + yaml.safe_dump(
            inside_rules(whose), sort_keys=False, width=100
        )
    return written


def folder_of(question: Question) -> Path:
    """Where its dashboard goes: what is told inside a node only never lies with the shared ones."""
    return SHARED if question.inside is None else INSIDE[question.inside]


def dashboard(question: Question) -> dict[str, Any]:
    """One question as a dashboard of Grafana."""
    return {
        "uid": f"nrm-{question.key}",
        "title": question.title,
        "tags": ["nrm"],
        "schemaVersion": GRAFANA_SCHEMA,
        "editable": False,
        "refresh": REFRESH,
        "time": {"from": RANGE, "to": "now"},
        "templating": {"list": [_variable(label) for label in SOURCE_LABELS]},
        "panels": [_panel(panel, number) for number, panel in enumerate(question.panels)],
    }


def _variable(label: str) -> dict[str, Any]:
    return {
        "name": label,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": f"label_values(up, {label})",
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(panel: Panel, number: int) -> dict[str, Any]:
    row, column = divmod(number, ACROSS)
    defaults: dict[str, Any] = {"unit": panel.unit or "short", "min": 0}
    if panel.alert is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alert.above}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
        defaults["custom"] = {"thresholdsStyle": {"mode": "line"}}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": _description(panel),
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"legend": {"displayMode": "list"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "expr": panel.query(selected='node=~"$node", service=~"$service"'),
                "legendFormat": " ".join(
                    ["{{node}}.{{service}}", *(f"{{{{{label}}}}}" for label in panel.by)]
                ),
            }
        ],
    }


def _description(panel: Panel) -> str:
    if panel.alert is None:
        return ""
    return f"{panel.alert.meaning}. First: {panel.alert.action} ({_page(panel.alert.runbook)})"


def rules() -> dict[str, Any]:
    """Every alert, a group for each question; and one for a service that says nothing at all."""
    return {"groups": [*_groups(None), {"name": "nrm-silent", "rules": [SILENT]}]}


def inside_rules(whose: str) -> dict[str, Any]:
    """The alerts for a node's own people; their file lies apart, as the dashboard does."""
    return {"groups": _groups(whose)}


def _groups(inside: str | None) -> list[dict[str, Any]]:
    return [
        {
            "name": f"nrm-{question.key}",
            "rules": [_rule(panel) for panel in question.panels if panel.alert],
        }
        for question in questions()
        if question.inside == inside
    ]


def _rule(panel: Panel) -> dict[str, Any]:
    alert = panel.alert
    if alert is None:
        raise ValueError(f"{panel.key} has no alert")
    return _written(
        alert.name,
        f"{panel.query()} > {alert.above:g}",
        alert.seconds,
        alert.severity,
        {"meaning": alert.meaning, "action": alert.action, "runbook": _page(alert.runbook)},
    )


def _page(name: str) -> str:
    return str(RUNBOOKS / f"{name}.md")


def _written(
    name: str, expression: str, seconds: int, severity: Severity, told: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": f"{seconds}s",
        "labels": {"severity": str(severity), "role": ROLE[severity]},
        "annotations": {"summary": "{{ $labels.node }}.{{ $labels.service }}", **told},
    }


SILENT = _written(
    "ServiceSilent",
    'up{node!="", service!=""} == 0',
    60,
    Severity.PAGE,
    {
        "meaning": "a service does not tell its numbers: it is down, or cannot be reached",
        "action": "`nrm doctor`, then `nrm logs` of the service",
        "runbook": _page(FIRST_LOOK),
    },
)


def main() -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(prog="python -m deploy.observe.grafana")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = files()
    there = {path for path in PROVISIONED.rglob("*") if path.is_file()}
    wrong = sorted(
        str(path.relative_to(PROVISIONED))
        for path in wanted.keys() | there
        if path not in wanted or not path.exists() or path.read_text() != wanted[path]
    )
    if check:
        if wrong:
            sys.stderr.write(f"not as panels.yaml says: {', '.join(wrong)}: run `make docs`\n")
        return 1 if wrong else 0
    for path in there - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
