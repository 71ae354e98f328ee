"""Names and duty phones of agencies, from the directory; nonsense gives none."""

from pathlib import Path

import pytest

from services.gateway.handlers.directory import NAME_LIMIT, Directory, names_in, phone_of, phones_in

DIRECTORY = Path(__file__).parents[3] / "deploy" / "local" / "directory.yaml"


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
    assert (await Directory(DIRECTORY).names())["redcross-vitebsk"].startswith("Red Cross")
    path = tmp_path / "directory.json"
    path.write_text('{"organizations": [{"id": "one", "name": " Дом\\n Надежды "}]}', "utf-8")
    directory = Directory(path)
    assert await directory.names() == {"one": "Дом Надежды"}
    path.write_text('{"organizations": [{"id": "one", "name": "Another house"}]}', "utf-8")
    assert await directory.names() == {"one": "Another house"}


@pytest.mark.parametrize(
    "record", [{"id": "one"}, {"id": 1, "name": "x"}, {"id": "one", "name": " "}, {"name": "x"}]
)
def test_a_record_without_a_name_gives_none(record: object) -> None:
    assert names_in({"organizations": [record]}) == {}


def test_a_name_that_is_too_long_is_cut() -> None:
    long = {"organizations": [{"id": "one", "name": "x" * 500}]}
    assert names_in(long) == {"one": "x" * NAME_LIMIT}
