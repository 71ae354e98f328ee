"""Which broker carries which bus, and that a state keeps the number with which it was made."""

from pathlib import Path

import pytest

from deploy.local import buses
from deploy.local.buses import Buses
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, write_json
from deploy.local.shapes import TopicShape

LOCAL, EXCHANGE = (
    TopicShape("nrm.local.a.intake.v1", 1, {}),
    TopicShape("nrm.exchange.a.b.v1", 1, {}),
)


def test_each_topic_belongs_on_the_broker_of_its_bus() -> None:
    two = Buses(local="here:1", hub="there:2")
    assert two.shares((LOCAL, EXCHANGE)) == {"here:1": (LOCAL,), "there:2": (EXCHANGE,)}
    one = Buses(local="here:1", hub="here:1")
    assert one.shares((LOCAL, EXCHANGE)) == {"here:1": (LOCAL, EXCHANGE)}


def test_a_fresh_state_has_one_broker_unless_two_are_asked_for(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert [buses.chosen_count(state, wanted) for wanted in (None, 1, 2)] == [1, 1, 2]


@pytest.mark.parametrize(("told", "made"), [({"brokers": 2}, 2), ({"bootstrap": "here:1"}, 1)])
def test_a_state_that_was_made_keeps_its_number(
    tmp_path: Path, told: dict[str, object], made: int
) -> None:
    state = StateFolder(tmp_path)
    write_json(state.stack, told)
    assert [buses.chosen_count(state, wanted) for wanted in (None, made)] == [made, made]
    with pytest.raises(StackFailure, match=f"made with {made} broker.*NRM_BROKERS={made}, or"):
        buses.chosen_count(state, 3 - made)


@pytest.mark.parametrize(("given", "wanted"), [("", None), ("1", 1), ("2", 2)])
def test_the_setting_says_how_many(
    monkeypatch: pytest.MonkeyPatch, given: str, wanted: int | None
) -> None:
    monkeypatch.setenv(buses.SETTING, given)
    assert buses.wanted_brokers() == wanted


@pytest.mark.parametrize("given", ["0", "3", "two"])
def test_another_number_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(buses.SETTING, given)
    with pytest.raises(StackFailure, match="must be 1 or 2"):
        buses.wanted_brokers()
