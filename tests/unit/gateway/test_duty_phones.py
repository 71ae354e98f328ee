"""Duty phones: the agency's, from the directory; nonsense gives none."""

from pathlib import Path

import pytest

from services.gateway.handlers.duty_phones import DutyPhones, phone_of, phones_in

DIRECTORY = Path(__file__).parents[3] / "deploy" / "local" / "directory.yaml"


async def test_the_demonstrations_directory_lists_a_phone_for_each_service() -> None:
    phones = await DutyPhones(DIRECTORY).listed()
    assert phone_of(phones, "redcross-vitebsk", "nursing-visit") == "+375 00 000-01-01"
    assert phone_of(phones, "redcross-vitebsk", "no-such-service") == "+375 00 000-01-01"
    assert phone_of(phones, "nobody", "nursing-visit") is None


@pytest.mark.parametrize(
    "directory",
    [None, [], "text", {"services": "text"}, {"services": [1, {"phones": [{"number": 7}]}]}],
)
def test_nonsense_gives_no_phones(directory: object) -> None:
    assert phones_in(directory) == {}


async def test_a_missing_directory_gives_no_phones(tmp_path: Path) -> None:
    assert await DutyPhones(tmp_path / "absent.yaml").listed() == {}
    assert await DutyPhones(None).listed() == {}
