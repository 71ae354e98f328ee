"""Cases in the words of HTCDS and of the United Kingdom's form: codes alone, losses told."""

import csv
import io
from typing import Any

import pytest

from contracts.intake import CaseCorrected, PersonDetected, ScreeningRecorded
from contracts.vocabulary import code_lists
from doors.standards import ELSEWHERE, STANDARDS, Exported, exported, mapped_properties
from doors.tables.words import shapes_of
from services.identification.domain.codes import CODE_NAMES

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
    assert "country_of_exploitation: no field of HTCDS 2.0 is mapped to it" in told.lost


def test_how_somebody_was_kept_there_goes_out_where_a_screening_found_it() -> None:
    case = a_case()
    case["codes"]["means"] = ["withholds-documents", "threats"]
    told = exported("htcds", [case])
    (row,) = rows(told)
    assert row["vic_MethodsOfControl"] == "WithholdsDocuments|Threats"
    assert not any(loss.startswith("means") for loss in told.lost)
    assert "means: no field of the United Kingdom's form is mapped to it" in (
        exported("uk", [case]).lost
    )


@pytest.mark.parametrize("standard", STANDARDS)
def test_every_code_that_the_node_shows_of_a_case_goes_out_where_the_vocabulary_maps_it(
    standard: str,
) -> None:
    models = (PersonDetected, ScreeningRecorded, CaseCorrected)
    lists = {name: shape.codelist for model in models for name, shape in shapes_of(model).items()}
    mapped = {
        name for name in CODE_NAMES if lists[name] and standard in code_lists()[lists[name]].maps
    }
    left_out = {name for whose, name in ELSEWHERE if whose == standard}
    assert set(mapped_properties(standard)) - {"state"} == mapped - left_out


def test_what_a_standard_cannot_say_is_told_without_a_case() -> None:
    told = exported("uk", [a_case(), a_case()])
    (row, _) = rows(told)
    assert row["types-of-exploitation"] == (
        "types-of-exploitation-forced-to-work|types-of-exploitation-forced-to-commit-crime"
    )
    assert "majority: no field of the United Kingdom's form is mapped to it" in told.lost
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
