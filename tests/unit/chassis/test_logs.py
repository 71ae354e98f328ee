"""What a log line may hold."""

import logging
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import orjson
import pytest
from structlog.contextvars import clear_contextvars

from services.chassis.clock import new_id
from services.chassis.logs import FOREIGN_PER_PLACE, KEYS, configure_logs, logger
from services.chassis.plain import Word
from tests.support.settings import plain_settings

CANARY = "Canary-Kowalska"
log = logger("house")


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, last = list(root.handlers), root.level, logging.lastResort
    yield
    root.handlers, logging.lastResort = handlers, last
    root.setLevel(level)
    clear_contextvars()


def fail_with(error: Exception) -> None:
    raise error


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_listed_keys_pass_and_all_others_are_dropped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    configure_logs(plain_settings(tmp_path))
    log.info(
        "relay waits", bus="local", count=3, subject="s", name=CANARY + "?", code=str(new_id())
    )
    (line,) = lines(capsys)
    assert line.pop("timestamp")
    assert line == {
        "event": "relay waits",
        "level": "info",
        "logger": "house",
        "bus": "local",
        "count": 3,
        "node": "node-one",
        "service": "house",
        "slot": 0,
    }


def test_a_sentence_with_a_value_in_it_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.info(f"handled {new_id()}")  # noqa: G004 - what the gate is for
    assert lines(capsys)[0]["event"] == "unlisted"


NAMES = ("Ivan Petrov", "Ivan-Petrov", "IvanPetrov", "Ivan", "ivan-petrov", "ivan.petrov", "ivan")
FORMS_OF_OURS = {"timestamp", "level", "event"}
"""Written by the log itself, over whatever is given."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", sorted(KEYS - FORMS_OF_OURS))
def test_no_listed_key_takes_a_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, key: str, name: str
) -> None:
    configure_logs(plain_settings(tmp_path))
    log.info("something", **{key: name})
    (line,) = lines(capsys)
    assert name not in str(line)


class Code(StrEnum):
    SEEN = "already-seen"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", Code.SEEN),
        ("part", Word("consumer gateway.door local")),
        ("topic", "nrm.local.node-one.intake.v1"),
        ("bus", "hub"),
        ("error", "DatabaseUnavailable"),
        ("version", "4.3.1"),
        ("count", 7),
    ],
)
def test_what_is_our_own_passes(
    capsys: pytest.CaptureFixture[str], key: str, value: object
) -> None:
    log.info("something", **{key: value})
    assert lines(capsys)[0][key] == value


def test_not_even_a_word_of_our_own_is_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    log.info("something", kind=Word(str(new_id())))
    assert "kind" not in lines(capsys)[0]


@pytest.mark.parametrize("how", ["error", "exc_info"])
def test_an_exception_is_its_class_and_its_place(
    capsys: pytest.CaptureFixture[str], how: str
) -> None:
    try:
        fail_with(KeyError(CANARY))
    except KeyError as error:
        if how == "error":
            log.warning("it failed", error=error)
        else:
            log.exception("it failed")
    (line,) = lines(capsys)
    assert line["error"] == "KeyError"
    assert str(line["at"]).startswith("unit/chassis/test_logs.py:")
    assert CANARY not in str(line)


def test_foreign_records_keep_place_and_class_and_do_not_flood(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    configure_logs(plain_settings(tmp_path))
    foreign = logging.getLogger("some.library")
    for _ in range(FOREIGN_PER_PLACE + 20):
        foreign.warning("record of %s is wrong", CANARY)
    try:
        fail_with(ValueError(CANARY))
    except ValueError:
        foreign.exception(CANARY)
    written = lines(capsys)
    assert len(written) == FOREIGN_PER_PLACE + 1
    assert written[0]["name"] == "some.library"
    assert str(written[0]["at"]).startswith("unit/chassis/test_logs.py:")
    assert written[-1]["error"] == "ValueError"
    assert CANARY not in str(written)
