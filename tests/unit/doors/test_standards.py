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
    uk = exported("uk", [case])
    assert "means threats: types-of-exploitation has no word for it" in uk.lost


def test_form_of_sexual_exploitation_and_recruiter_go_out_where_somebody_said_them() -> None:
    case = a_case()
    case["codes"] |= {
        "sexual_forms": ["pornography", "prostitution"],
        "recruiter_relation": "intimate-partner",
    }
    told = exported("htcds", [case])
    (row,) = rows(told)
    assert row["vic_TypeOfSexExploitation"] == "Pornography|Prostitution"
    assert row["vic_RelationshipToTrafficker"] == "Acquainted"
    lost = "recruiter_relation intimate-partner: reads as friend in vic_RelationshipToTrafficker"
    assert lost in told.lost
    (silent,) = rows(exported("htcds", [a_case()]))
    assert silent["vic_TypeOfSexExploitation"] == silent["vic_RelationshipToTrafficker"] == ""


CASE_ITSELF = {"state", "status", "close_reason", "counted_by_type"}


def test_a_case_reads_in_the_words_of_the_united_kingdoms_form() -> None:
    case = a_case()
    case["codes"] |= {
        "majority": "believed-child",
        "language": "be",
        "consent_outcome": "refused",
        "exploitation": ["forced-labour", "forced-begging", "sexual"],
        "means": ["takes-earnings"],
        "still_in_situation": "yes",
    }
    told = exported("uk", [case])
    assert rows(told) == [
        {
            "nrm_case_id": CASE,
            "pv-under-age": "not-sure",
            "pv-nationality": "Belarusian",
            "where-exploitation-happened-overseas-country-1": "Poland",
            "types-of-exploitation": "types-of-exploitation-forced-to-work"
            "|types-of-exploitation-forced-to-commit-crime"
            "|types-of-exploitation-child-exploitation"
            "|types-of-exploitation-wages-taken",
            "pv-want-to-submit-nrm": "no",
            "pv-interpreter-requirements-language": "Belarusian",
        }
    ]
    form = "no field of the United Kingdom's form is mapped to it"
    assert f"still_in_situation: {form}" in told.lost
    assert f"state: {form}" in told.lost
    assert not any(loss.startswith(("majority", "citizenship", "status")) for loss in told.lost)


@pytest.mark.parametrize(
    ("majority", "box"),
    [
        ("child", "child-exploitation"),
        ("believed-child", "child-exploitation"),
        ("believed-adult", "prostitution"),
        ("adult", "prostitution"),
    ],
)
def test_sexual_exploitation_of_a_child_has_a_box_of_its_own(majority: str, box: str) -> None:
    case = a_case()
    case["codes"] |= {"majority": majority, "exploitation": ["sexual"]}
    (row,) = rows(exported("uk", [case]))
    assert row["types-of-exploitation"] == f"types-of-exploitation-{box}"
    (row,) = rows(exported("htcds", [case]))
    assert row["vic_TypeOfExploitation"] == "SexualExploitation"


@pytest.mark.parametrize(
    ("state", "reason", "status"),
    [
        ("identified", None, "Active"),
        ("helped-without-identification", None, "Active"),
        ("closed", "contact-lost", "Closed"),
        ("closed", "duplicate", ""),
        ("entered-in-error", None, ""),
    ],
)
def test_htcds_learns_whether_a_case_goes_on_and_what_kind_of_agency_counts_it(
    state: str, reason: str | None, status: str
) -> None:
    case = a_case(state=state, close_reason=reason, counted_by_type="border-guard")
    told = exported("htcds", [case])
    (row,) = rows(told)
    assert (row["cas_Status"], row["org_Type"]) == (status, "LawEnforcement")
    unsaid = f"close_reason {reason}: cas_Status has no word for it"
    assert (unsaid in told.lost) == (reason == "duplicate")
    assert ("state entered-in-error: cas_Status has no word for it" in told.lost) == (
        state == "entered-in-error"
    )
    assert not any(loss.startswith("status") for loss in told.lost)
    nobody = exported("htcds", [a_case(state=state)])
    assert rows(nobody)[0]["org_Type"] == ""


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
    assert set(mapped_properties(standard)) - CASE_ITSELF == mapped - left_out
    of_itself = {"htcds": CASE_ITSELF, "uk": set()}
    assert set(mapped_properties(standard)) & CASE_ITSELF == of_itself[standard]


def test_what_a_standard_cannot_say_is_told_without_a_case() -> None:
    told = exported("uk", [a_case(), a_case()])
    (row, _) = rows(told)
    assert row["types-of-exploitation"] == (
        "types-of-exploitation-forced-to-work|types-of-exploitation-forced-to-commit-crime"
    )
    assert "industry: no field of the United Kingdom's form is mapped to it" in told.lost
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
