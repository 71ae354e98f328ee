"""Cases in the words of HTCDS and of the United Kingdom's form: codes alone, losses told."""

import csv
import io
from typing import Any

from doors.standards import Exported, exported

CASE = "11111111-1111-4111-8111-111111111111"


def a_case(**changes: Any) -> dict[str, Any]:
    codes = {
        "case_type": "trafficking",
        "majority": "adult",
        "citizenship": "BY",
        "country_of_exploitation": "PL",
        "exploitation": ["forced-labour", "forced-begging"],
        "industry": "F",
        "oblast": "not-yet-known",
    }
    shown = {"case_id": CASE, "frozen_at": None, "state": "identified", "codes": codes}
    return {**shown, **changes}


def rows(told: Exported) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told.document().decode())))


def test_a_case_reads_in_the_words_of_htcds() -> None:
    told = exported("htcds", [a_case()])
    (row,) = rows(told)
    assert row["nrm_case_id"] == CASE
    assert row["vic_TypeOfExploitation"] == "ForcedLabour|ForcedBegging"
    assert row["vic_LabourIndustry"] == "F_Construction"
    assert row["prs_Nationality"] == "BY"
    assert row["vic_TraffickingStatus"]
    assert "country_of_exploitation: HTCDS 2.0 has no field for it here" in told.lost


def test_what_a_standard_cannot_say_is_told_without_a_case() -> None:
    told = exported("uk", [a_case(), a_case()])
    (row, _) = rows(told)
    assert row["types-of-exploitation"] == (
        "types-of-exploitation-forced-to-work|types-of-exploitation-forced-to-commit-crime"
    )
    assert "majority: the United Kingdom's form has no field for it here" in told.lost
    assert not any(CASE in loss for loss in told.lost)
    lossy = a_case()
    lossy["codes"]["exploitation"] = ["child-labour"]
    assert any(
        loss.startswith("exploitation child-labour: reads as")
        for loss in exported("uk", [lossy]).lost
    )


def test_nothing_of_a_frozen_case_is_exported() -> None:
    frozen = {"case_id": CASE, "frozen_at": "2026-03-02T10:00:00Z", "state": None, "codes": None}
    told = exported("htcds", [a_case(frozen_at="2026-03-02T10:00:00Z"), frozen])
    assert (rows(told), told.frozen) == ([], 2)
    assert CASE not in told.document().decode()
