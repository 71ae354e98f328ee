"""The dashboards as the page draws them: from the files Grafana loads, on what services tell."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.declared import declared
from deploy.observe import grafana
from deploy.observe.dashboards import INSIDE, SHARED, Dashboard, read_dashboards
from deploy.observe.numbers import LOOKS_KEPT, MARK_SECONDS, Look, Numbers, quantile
from deploy.observe.panels import Form, Panel, Question, questions
from deploy.observe.promql import NotComputable, read_query

UNIT = "border-brest.gateway"


def panel(metric: str, form: Form, **more: Any) -> Panel:
    return Panel(title="a panel", metric=metric, form=form, **more)


def shown(numbers: Numbers) -> dict[str, list[float | None]]:
    ((only,),) = [dashboard["panels"] for dashboard in numbers.shown()]
    return {line["name"]: line["points"] for line in only["lines"]}


def numbers_of(one: Panel, folder: Path) -> Numbers:
    """What the page makes of the dashboard that Grafana would be given."""
    question = Question(key="q", title="?", panels=(one,))
    (folder / "q.json").write_text(json.dumps(grafana.dashboard(question)))
    return Numbers(read_dashboards(folder))


def test_every_panel_of_the_file_is_of_a_declared_number() -> None:
    assert {"stuck", "late", "losing"} <= {question.key for question in questions()}


@pytest.mark.parametrize(
    ("metric", "form", "by"),
    [
        ("cases_by_exploitation", Form.VALUE, ()),
        ("outbox_depth", Form.RATE, ()),
        ("outbox_depth", Form.VALUE, ("lane",)),
    ],
)
def test_a_panel_of_an_undeclared_number_kind_or_label_is_refused(
    metric: str, form: Form, by: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError):
        panel(metric, form, by=by)


def test_a_value_is_shown_as_it_is_and_the_highest_of_what_the_panel_does_not_tell_apart(
    tmp_path: Path,
) -> None:
    numbers = numbers_of(panel("consumer_lag", Form.VALUE, by=("bus",)), tmp_path)
    text = 'nrm_consumer_lag{bus="local",lane="a"} 2.0\nnrm_consumer_lag{bus="local",lane="b"} 7.0'
    numbers.add(Look.of(1.0, {UNIT: text}))
    assert shown(numbers) == {f"{UNIT} local": [7.0]}


def test_a_service_that_does_not_answer_leaves_a_hole(tmp_path: Path) -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE), tmp_path)
    for at, texts in enumerate(
        ({UNIT: "nrm_deadlines_late 1.0"}, {}, {UNIT: "nrm_deadlines_late 0.0"})
    ):
        numbers.add(Look.of(float(at), texts))
    assert shown(numbers) == {UNIT: [1.0, None, 0.0]}


def test_what_nobody_tells_any_more_is_not_shown_as_now(tmp_path: Path) -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE), tmp_path)
    numbers.add(Look.of(1.0, {UNIT: "nrm_deadlines_late 7.0"}))
    numbers.add(Look.of(2.0, {}))
    ((only,),) = [dashboard["panels"] for dashboard in numbers.shown()]
    assert only["lines"] == [{"name": UNIT, "now": None, "points": [7.0, None]}]


def test_a_rate_is_since_the_first_look_and_a_counter_that_began_anew_is_not_negative(
    tmp_path: Path,
) -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE), tmp_path)
    for at, count in ((0, 10), (2, 14), (4, 18), (6, 3), (8, 5)):
        numbers.add(Look.of(float(at), {UNIT: f"nrm_door_refused_total {count}.0"}))
    assert shown(numbers) == {UNIT: [None, 2.0, 2.0, 11 / 6, 13 / 8]}


def test_a_rate_forgets_what_is_older_than_its_window(tmp_path: Path) -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE), tmp_path)
    step = MARK_SECONDS
    for at in range(61):
        grown = 1000 if at else 0
        numbers.add(Look.of(at * step, {UNIT: f"nrm_door_refused_total {grown}.0"}))
    points = shown(numbers)[UNIT]
    assert (points[1], points[30], points[-1]) == (100.0, 1000 / 300, 0.0)


def test_a_counter_is_not_taken_to_have_grown_at_once_after_a_hole(tmp_path: Path) -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE), tmp_path)
    told = {UNIT: "nrm_door_refused_total 500.0"}
    for at, texts in enumerate(({}, {}, told, told, {}, told)):
        numbers.add(Look.of(float(at) * MARK_SECONDS, texts))
    assert shown(numbers) == {UNIT: [None, None, None, 0.0, None, 0.0]}


def test_the_95th_of_a_hundred_is_taken_from_what_happened_since_the_oldest_look(
    tmp_path: Path,
) -> None:
    numbers = numbers_of(panel("request_seconds", Form.P95), tmp_path)

    def text(low: int, all_of_them: int) -> str:
        buckets = {"0.1": low, "1.0": all_of_them, "+Inf": all_of_them}
        name = "nrm_request_seconds_bucket"
        return "\n".join(f'{name}{{le="{le}"}} {count}.0' for le, count in buckets.items())

    numbers.add(Look.of(0.0, {UNIT: text(1000, 1000)}))
    numbers.add(Look.of(2.0, {UNIT: text(1090, 1100)}))
    first, value = shown(numbers)[UNIT]
    assert first is None
    assert value == pytest.approx(0.1 + 0.9 * 0.5)


@pytest.mark.parametrize(
    ("buckets", "value"),
    [
        ([], None),
        ([(1.0, 0.0), (math.inf, 0.0)], None),
        ([(1.0, 100.0), (math.inf, 100.0)], 0.95),
        ([(1.0, 10.0), (math.inf, 100.0)], 1.0),
    ],
)
def test_a_quantile_of_buckets(buckets: list[tuple[float, float]], value: float | None) -> None:
    assert quantile(buckets, 0.95) == value


def test_a_rate_sees_what_a_collector_with_a_look_a_minute_saw_twice() -> None:
    every = [panel for question in questions() for panel in question.panels]
    windows = {found for panel in every for found in re.findall(r"\[(\d+)m\]", panel.query())}
    assert windows
    assert min(map(int, windows)) >= 2


def test_so_many_looks_are_kept(tmp_path: Path) -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE), tmp_path)
    for at in range(LOOKS_KEPT + 10):
        numbers.add(Look.of(float(at), {UNIT: f"nrm_deadlines_late {at}.0"}))
    (points,) = shown(numbers).values()
    assert (len(points), points[-1]) == (LOOKS_KEPT, LOOKS_KEPT + 9)


def everything() -> tuple[Dashboard, ...]:
    return tuple(each for at in (SHARED, *INSIDE.values()) for each in read_dashboards(at))


def test_every_dashboard_that_grafana_loads_is_drawn_whole() -> None:
    drawn = {board.key: [panel.title for panel in board.panels] for board in everything()}
    asked = {f"nrm-{each.key}": [panel.title for panel in each.panels] for each in questions()}
    assert drawn == asked


def test_every_panel_has_a_line_as_soon_as_every_service_tells_every_number() -> None:
    numbers = Numbers(everything())
    for at in (0.0, 10.0):
        numbers.add(Look.of(at, {UNIT: "\n".join(every_number(at + 1))}))
    empty = [
        panel["title"]
        for dashboard in numbers.shown()
        for panel in dashboard["panels"]
        if not panel["lines"] or panel["lines"][0]["now"] is None
    ]
    assert empty == []


def every_number(value: float) -> Iterator[str]:
    """Each declared number with all its labels, as a service would tell it."""
    for name, spec in declared().items():
        labels = [f'{label}="x"' for label in spec.labels]
        ends: dict[str, list[tuple[str, list[str]]]] = {
            "gauge": [("", [])],
            "counter": [("_total", [])],
        }
        buckets = [("_bucket", [f'le="{le}"']) for le in ("0.1", "+Inf")]
        for end, more in ends.get(spec.kind, buckets):
            yield f"nrm_{name}{end}{{{','.join(labels + more)}}} {value}"


@pytest.mark.parametrize(
    "expression",
    [
        "nrm_deadlines_late",
        "min by (node) (nrm_deadlines_late)",
        "max by (node) (nrm_deadlines_late) > 0",
        "sum by (node) (rate(nrm_requests_total[5h]))",
        'max by (node) (nrm_deadlines_late{node!="a"})',
        'max by (node) (nrm_deadlines_late{node=~"$nobody"})',
    ],
)
def test_an_expression_in_another_form_is_refused_and_not_drawn_empty(expression: str) -> None:
    with pytest.raises(NotComputable):
        read_query(expression, {"node": ".*"})


def test_an_expression_takes_only_what_it_selects(tmp_path: Path) -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE), tmp_path)
    written = (tmp_path / "q.json").read_text().replace("$node", "a|c")
    (tmp_path / "q.json").write_text(written)
    numbers = Numbers(read_dashboards(tmp_path))
    told = "nrm_deadlines_late 1.0"
    numbers.add(Look.of(1.0, {"a.gateway": told, "b.gateway": told, "c.gateway": told}))
    assert list(shown(numbers)) == ["a.gateway", "c.gateway"]
