"""The few forms of PromQL that our dashboards are written in, read back and understood.

What is written in another form is refused when it is read: a panel that this page cannot compute
is never shown as an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SELECTED = r"(?P<series>[a-z_:][a-z0-9_:]*)(?:\{(?P<matchers>[^{}]*)\})?"
_BY = r"by \((?P<by>[a-z_]+(?:, [a-z_]+)*)\)"
_RATE = rf"sum {_BY} \(rate\({_SELECTED}\[(?P<minutes>\d+)m\]\)\)"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"max {_BY} \({_SELECTED}\)",
        _RATE,
        rf"histogram_quantile\((?P<quantile>0\.\d+), {_RATE}\)",
    )
)
_MATCHER = re.compile(r'(?P<label>[a-z_]+)=~"(?P<pattern>[^"]*)"')
BUCKET = "le"
SECONDS_A_MINUTE = 60.0


class NotComputable(ValueError):  # noqa: N818 - as the house names its errors
    """An expression in a form that is not ours."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression: the highest of a gauge, the growth of a counter, or a part of a histogram."""

    series: str
    by: tuple[str, ...]
    matchers: tuple[tuple[str, re.Pattern[str]], ...]
    window: float | None
    """Seconds over which a growth is taken; None for a gauge as it is."""
    quantile: float | None

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels is one of those it asks for."""
        return all(pattern.fullmatch(labels.get(name, "")) for name, pattern in self.matchers)


def read_query(expression: str, variables: Mapping[str, str]) -> Query:
    """Understand an expression; ``$name`` in it stands for the pattern in ``variables``."""
    for form in FORMS:
        if found := form.fullmatch(expression):
            parts = found.groupdict()
            minutes, quantile = parts.get("minutes"), parts.get("quantile")
            return Query(
                series=parts["series"],
                by=tuple(parts["by"].split(", ")),
                matchers=_matchers(parts["matchers"] or "", variables),
                window=float(minutes) * SECONDS_A_MINUTE if minutes else None,
                quantile=float(quantile) if quantile else None,
            )
    raise NotComputable(f"not a form of ours: {expression}")


def _matchers(text: str, variables: Mapping[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(_matcher(each, variables) for each in text.split(", ") if each)


def _matcher(text: str, variables: Mapping[str, str]) -> tuple[str, re.Pattern[str]]:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise NotComputable(f"not a selection of ours: {text}")
    pattern = found["pattern"]
    if pattern.startswith("$"):
        try:
            pattern = variables[pattern[1:]]
        except KeyError:
            raise NotComputable(f"no variable of the dashboard: {pattern}") from None
    return found["label"], re.compile(pattern)
