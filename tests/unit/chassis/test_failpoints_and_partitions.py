"""Failpoints kill only where they may; keys go where Kafka's own clients put them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import SettingsWrong
from services.chassis.failpoints import Failpoint, Failpoints, failpoints_from
from services.chassis.messaging.partitions import partition_of


def test_the_nth_pass_of_the_ordered_place_is_the_last() -> None:
    died: list[int] = []
    failpoints = Failpoints(Failpoint.RELAY_BEFORE_DELETE, 3, lambda: died.append(1))
    for _ in range(2):
        failpoints.reach(Failpoint.RELAY_BEFORE_DELETE)
        failpoints.reach(Failpoint.HANDLED_BEFORE_COMMIT)
    assert died == []
    failpoints.reach(Failpoint.RELAY_BEFORE_DELETE)
    assert died == [1]


def test_an_order_is_heard_only_in_a_demonstration_or_a_test() -> None:
    order = {"NRM_FAILPOINT": Failpoint.RELAY_BEFORE_DELETE}
    failpoints_from(order).reach(Failpoint.RELAY_BEFORE_DELETE)
    failpoints_from({**order, "NRM_DEMO": "0"}).reach(Failpoint.RELAY_BEFORE_DELETE)


@pytest.mark.parametrize("order", ["nowhere", "relay-before-delete:x", "nowhere:1"])
def test_a_wrong_order_is_said_at_once(order: str) -> None:
    with pytest.raises(SettingsWrong, match="NRM_FAILPOINT"):
        failpoints_from({"NRM_FAILPOINT": order, "NRM_TEST": "1"})


@given(st.binary(max_size=64), st.integers(1, 50))
def test_a_key_goes_where_kafka_clients_put_it(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)
