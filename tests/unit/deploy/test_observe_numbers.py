"""The page of numbers: what a panel may be, and what it makes of what services tell."""

import math
import re
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.observe.numbers import LOOKS_KEPT, RATE_LOOKS, Look, Numbers, quantile
from deploy.observe.panels import Form, Panel, Question, questions

UNIT = "border-brest.gateway"


def panel(metric: str, form: Form, **more: Any) -> Panel:
    return Panel(title="a panel", metric=metric, form=form, **more)


def shown(numbers: Numbers) -> dict[str, list[float | None]]:
    ((only,),) = [question["panels"] for question in numbers.shown()]
    return {line["name"]: line["points"] for line in only["lines"]}


def numbers_of(one: Panel) -> Numbers:
    return Numbers((Question(key="q", title="?", panels=(one,)),))


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


def test_a_value_is_shown_as_it_is_and_the_highest_of_what_the_panel_does_not_tell_apart() -> None:
    numbers = numbers_of(panel("consumer_lag", Form.VALUE, by=("bus",)))
    text = 'nrm_consumer_lag{bus="local",lane="a"} 2.0\nnrm_consumer_lag{bus="local",lane="b"} 7.0'
    numbers.add(Look.of(1.0, {UNIT: text}))
    assert shown(numbers) == {f"{UNIT} local": [7.0]}


def test_a_service_that_does_not_answer_leaves_a_hole() -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE))
    for at, texts in enumerate(
        ({UNIT: "nrm_deadlines_late 1.0"}, {}, {UNIT: "nrm_deadlines_late 0.0"})
    ):
        numbers.add(Look.of(float(at), texts))
    assert shown(numbers) == {UNIT: [1.0, None, 0.0]}


def test_what_nobody_tells_any_more_is_not_shown_as_now() -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE))
    numbers.add(Look.of(1.0, {UNIT: "nrm_deadlines_late 7.0"}))
    numbers.add(Look.of(2.0, {}))
    ((only,),) = [question["panels"] for question in numbers.shown()]
    assert only["lines"] == [{"name": UNIT, "now": None, "points": [7.0, None]}]


def test_a_rate_is_over_several_looks_and_a_counter_that_began_anew_is_not_negative() -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE))
    for at, count in ((0, 10), (2, 14), (4, 18), (6, 3)):
        numbers.add(Look.of(float(at), {UNIT: f"nrm_door_refused_total {count}.0"}))
    assert shown(numbers) == {UNIT: [None, 2.0, 2.0, 0.5]}


def test_a_counter_is_not_taken_to_have_grown_at_once_after_a_hole() -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE))
    told = {UNIT: "nrm_door_refused_total 500.0"}
    for at, texts in enumerate((told, {}, told, told, told, told, told)):
        numbers.add(Look.of(float(at), texts))
    assert shown(numbers) == {UNIT: [None, None, 0.0, 0.0, 0.0, 0.0, None]}


def test_a_series_that_begins_while_its_service_answers_grew_from_nothing() -> None:
    numbers = numbers_of(panel("door_refused", Form.RATE))
    for at, text in ((0, "nrm_deadlines_late 0.0"), (2, "nrm_door_refused_total 4.0")):
        numbers.add(Look.of(float(at), {UNIT: text}))
    assert shown(numbers) == {UNIT: [None, 2.0]}


def test_the_95th_of_a_hundred_is_taken_from_what_happened_since_the_oldest_look() -> None:
    numbers = numbers_of(panel("request_seconds", Form.P95))

    def text(low: int, all_of_them: int) -> str:
        buckets = {"0.1": low, "1.0": all_of_them, "+Inf": all_of_them}
        name = "nrm_request_seconds_bucket"
        return "\n".join(f'{name}{{le="{le}"}} {count}.0' for le, count in buckets.items())

    numbers.add(Look.of(0.0, {UNIT: text(1000, 1000)}))
    numbers.add(Look.of(2.0, {UNIT: text(1090, 1100)}))
    first, value = shown(numbers)[UNIT]
    assert (first, value) == (None, pytest.approx(0.1 + 0.9 * 0.5))


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
    assert quantile(buckets) == value


def test_a_rate_sees_what_a_collector_with_a_look_a_minute_saw_twice() -> None:
    every = [panel for question in questions() for panel in question.panels]
    windows = {found for panel in every for found in re.findall(r"\[(\d+)m\]", panel.query())}
    assert windows
    assert min(map(int, windows)) >= 2


def test_so_many_looks_are_kept() -> None:
    numbers = numbers_of(panel("deadlines_late", Form.VALUE))
    for at in range(LOOKS_KEPT + 10):
        numbers.add(Look.of(float(at), {UNIT: f"nrm_deadlines_late {at}.0"}))
    (points,) = shown(numbers).values()
    assert (len(points), points[-1]) == (LOOKS_KEPT, LOOKS_KEPT + 9)
    assert len(numbers.looks) == RATE_LOOKS
