"""The one list of panels, read and checked: what each shows, from which declared number.

Grafana's dashboards and the alert rules are made from it, and the embedded page draws those
dashboards. A panel of a number that no service declares, or with a label that it has not, is
refused here; and so is one that would show to others what is told inside a node only.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from deploy.declared import declared
from deploy.local.runbooks import path_of
from services.chassis.telemetry import METRICS

PANELS_FILE = Path(__file__).with_name("panels.yaml")
SOURCE_LABELS = ("node", "service")
"""Put on every number by whoever collects it: a service does not know its own name in a metric."""
WINDOW = "5m"
"""Of a rate: it needs two looks, and Prometheus looks once a minute unless it is told otherwise."""


class Form(StrEnum):
    """How a number is looked at."""

    VALUE = "value"
    RATE = "rate"
    P95 = "p95"


KIND_OF = {Form.VALUE: "gauge", Form.RATE: "counter", Form.P95: "histogram"}


class Severity(StrEnum):
    """Who has to move: somebody now, or somebody this week."""

    PAGE = "page"
    TICKET = "ticket"


class _Card(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Alert(_Card):
    """When a number is a reason to act, and what to do first."""

    name: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    above: float
    seconds: int = Field(ge=0)
    severity: Severity
    meaning: str
    action: str
    runbook: str

    @field_validator("runbook")
    @classmethod
    def _is_there(cls, name: str) -> str:
        if not path_of(name).is_file():
            raise ValueError(f"there is no runbook {name}")
        return name


class Panel(_Card):
    """One number over time, a line per service and label."""

    title: str
    metric: str
    form: Form
    by: tuple[str, ...] = ()
    unit: str = ""
    alert: Alert | None = None

    @model_validator(mode="after")
    def _is_declared(self) -> Panel:
        spec = declared().get(self.metric)
        if spec is None:
            raise ValueError(f"no service declares {self.metric}")
        if spec.kind != KIND_OF[self.form]:
            raise ValueError(f"{self.metric} is a {spec.kind}, not a {KIND_OF[self.form]}")
        if strange := set(self.by) - set(spec.labels):
            raise ValueError(f"{self.metric} has no label {', '.join(sorted(strange))}")
        return self

    @property
    def key(self) -> str:
        """What it is called in addresses."""
        return f"{self.metric}.{self.form}"

    @property
    def series(self) -> str:
        """The number's name as Prometheus has it."""
        return f"nrm_{self.metric}" + ("_total" if self.form is Form.RATE else "")

    def query(self, selected: str = "") -> str:
        """The panel as a PromQL expression, over all services or those ``selected`` by labels."""
        chosen = f"{{{selected}}}" if selected else ""
        labels = ", ".join((*SOURCE_LABELS, *self.by))
        match self.form:
            case Form.VALUE:
                return f"max by ({labels}) ({self.series}{chosen})"
            case Form.RATE:
                return f"sum by ({labels}) (rate({self.series}{chosen}[{WINDOW}]))"
            case Form.P95:
                buckets = f"sum by (le, {labels}) (rate({self.series}_bucket{chosen}[{WINDOW}]))"
                return f"histogram_quantile(0.95, {buckets})"


class Question(_Card):
    """What a person wants to know, and the panels that answer."""

    key: str = Field(pattern=r"^[a-z][a-z-]*$")
    title: str
    inside: Literal["provider"] | None = None
    """Whose own people alone may ask; None: whoever looks after nodes."""
    panels: tuple[Panel, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _stays_inside(self) -> Question:
        for panel in self.panels:
            if (panel.metric in METRICS) == (self.inside is not None):
                where = "inside its node" if self.inside is None else "to everybody"
                raise ValueError(f"{panel.metric} is told {where} only: it has no place here")
        return self


class _PanelsFile(_Card):
    questions: tuple[Question, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> _PanelsFile:
        panels = [panel for question in self.questions for panel in question.panels]
        for names in ([panel.key for panel in panels], [q.key for q in self.questions]):
            if len(set(names)) != len(names):
                raise ValueError("a panel or a question stands there twice")
        return self


@cache
def questions() -> tuple[Question, ...]:
    """Every question with its panels, in the order of the file."""
    return _PanelsFile.model_validate(yaml.safe_load(PANELS_FILE.read_text())).questions
