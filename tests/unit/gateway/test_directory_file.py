"""Names and duty phones of agencies, from the directory; nonsense gives none."""

from pathlib import Path

import pytest
import yaml

from contracts.vocabulary import LANGUAGES
from services.gateway.handlers.directory import (
    NAME_LIMIT,
    Called,
    Directory,
    names_in,
    phone_of,
    phones_in,
)

LOCAL = Path(__file__).parents[3] / "deploy" / "local"
DIRECTORY, REGISTRY = LOCAL / "directory.yaml", LOCAL / "registry.yaml"


async def test_the_demonstrations_directory_lists_a_phone_for_each_service() -> None:
    phones = await Directory(DIRECTORY).phones()
    assert phone_of(phones, "redcross-vitebsk", "nursing-visit") == "+375 00 000-01-01"
    assert phone_of(phones, "redcross-vitebsk", "no-such-service") == "+375 00 000-01-01"
    assert phone_of(phones, "nobody", "nursing-visit") is None


@pytest.mark.parametrize(
    "directory",
    [None, [], "text", {"services": "text"}, {"services": [1, {"phones": [{"number": 7}]}]}],
)
def test_nonsense_gives_no_phones(directory: object) -> None:
    assert phones_in(directory) == {}


async def test_a_missing_directory_gives_no_phones_and_no_names(tmp_path: Path) -> None:
    for directory in (Directory(tmp_path / "absent.yaml"), Directory(None)):
        assert await directory.phones() == {}
        assert await directory.names() == {}


async def test_an_agency_is_called_as_the_directory_calls_it_now(tmp_path: Path) -> None:
    known = (await Directory(DIRECTORY).names())["redcross-vitebsk"]
    assert known.name is not None
    assert known.name.startswith("Red Cross")
    assert known.names["ru"].startswith("Красный Крест")
    path = tmp_path / "directory.json"
    path.write_text('{"organizations": [{"id": "one", "name": " Дом\\n Надежды "}]}', "utf-8")
    directory = Directory(path)
    assert await directory.names() == {"one": Called("Дом Надежды")}
    path.write_text('{"organizations": [{"id": "one", "name": "Another house"}]}', "utf-8")
    assert await directory.names() == {"one": Called("Another house")}


async def test_every_agency_of_the_demonstration_is_named_in_each_language() -> None:
    registry = yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))
    names = await Directory(DIRECTORY).names()
    for row in registry["participants"]:
        assert set(names[row["node"]].names) == set(LANGUAGES), row["node"]


def test_names_in_languages_stand_beside_the_one_name_or_alone() -> None:
    names = {"ru": " Дом\n Надежды ", "be": 7, "de": "Haus", "en": "x" * 500}
    told = {"ru": "Дом Надежды", "en": "x" * NAME_LIMIT}
    alone, beside = {"id": "one", "names": names}, {"id": "two", "name": "Дом", "names": names}
    assert names_in({"organizations": [alone, beside]}) == {
        "one": Called(None, told),
        "two": Called("Дом", told),
    }


@pytest.mark.parametrize(
    "record",
    [
        {"id": "one"},
        {"id": 1, "name": "x"},
        {"id": "one", "name": " ", "names": {"ru": " "}},
        {"name": "x"},
        {"id": "one", "names": ["x"]},
    ],
)
def test_a_record_without_a_name_gives_none(record: object) -> None:
    assert names_in({"organizations": [record]}) == {}


def test_a_name_that_is_too_long_is_cut() -> None:
    long = {"organizations": [{"id": "one", "name": "x" * 500}]}
    assert names_in(long) == {"one": Called("x" * NAME_LIMIT)}
