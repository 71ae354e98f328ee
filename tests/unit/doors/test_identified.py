"""The fields of HTCDS that name somebody: only what is safe; what is lost is told by its kind."""

from typing import Any

import pytest

from doors.failures import DoorFailure
from doors.identified import FIELDS, checked_reason, lost, told
from doors.standards import choose, exported, name_people
from tests.unit.doors.test_standards import CASE, a_case, rows

NAME = "Invented Person"
IDENTITY: dict[str, Any] = {
    "names": [{"full": NAME}, {"full": "Other Spelling"}],
    "born_on": "1990-05-17",
    "phones": [
        {"number": "+375 00 000-00-01", "safe": False},
        {"number": "+375 00 000-00-02", "safe": True},
    ],
    "addresses": [{"lines": ["Nowhere street 7", "Brest"], "country": "BY", "safe": True}],
    "documents": [{"kind": "passport", "number": "X1"}],
    "gender": "transgender-female",
    "notes": "asks for a call after six",
}


def test_a_case_is_named_in_the_fields_that_the_standard_has() -> None:
    of_htcds = exported("htcds", [a_case()])
    name_people(of_htcds, {CASE: IDENTITY})
    (row,) = rows(of_htcds)
    assert [row[name] for name in FIELDS] == [
        *(NAME, "1990-05-17", "'+375 00 000-00-02"),
        *("Nowhere street 7, Brest", "BY", "TransgenderFeminine"),
    ]
    assert row["vic_LabourIndustry"] == "F_Construction"
    gone = {sentence.partition(":")[0] for sentence in of_htcds.lost}
    assert {"names", "documents", "notes", "phones"} <= gone
    assert not any(NAME in sentence or "X1" in sentence for sentence in of_htcds.lost)


def test_no_number_and_no_address_goes_out_that_is_not_safe() -> None:
    unsafe = {
        "phones": [{"number": "+375 00 000-00-01", "safe": False}],
        "addresses": [{"lines": ["Nowhere street 7"]}],
        "birth_year": 1990,
    }
    assert set(told(unsafe).values()) == {""}
    assert {each.partition(":")[0] for each in lost(unsafe)} == {
        *("phones", "addresses", "birth_year"),
    }


def test_fields_are_empty_without_an_identity_and_absent_without_the_wish() -> None:
    assert not set(FIELDS) & set(rows(exported("htcds", [a_case()]))[0])
    of_htcds = exported("htcds", [a_case()])
    name_people(of_htcds, {})
    assert {rows(of_htcds)[0][name] for name in FIELDS} == {""}


@pytest.mark.parametrize("reason", ["", "curious", "not-said"])
def test_nobody_is_named_without_a_reason_of_the_list(reason: str) -> None:
    with pytest.raises(DoorFailure, match="court-order"):
        checked_reason(reason)
    assert checked_reason("court-order") == "court-order"


@pytest.mark.parametrize("reason", ["court-order", "person-asked", "law"])
def test_a_reason_for_one_person_names_nobody_else(reason: str) -> None:
    other = "00000000-0000-4000-8000-00000000000b"
    of_htcds = exported("htcds", [a_case(), a_case(case_id=other)])
    with pytest.raises(DoorFailure, match="--case"):
        choose(of_htcds, [], reason)
    choose(of_htcds, [CASE], reason)
    assert [row["nrm_case_id"] for row in rows(of_htcds)] == [CASE]
    with pytest.raises(DoorFailure, match="1 of the cases"):
        choose(of_htcds, [CASE, other], reason)


def test_only_for_the_own_system_are_all_named() -> None:
    of_htcds = exported("htcds", [a_case()])
    choose(of_htcds, [], "own-system")
    choose(of_htcds, [], "")
    assert len(rows(of_htcds)) == 1
