"""What the safe takes about a person: its codes are codes, and no event knows them."""

import pytest
from pydantic import ValidationError

from contracts.catalogue import CATALOGUE
from contracts.tools.schemas import schema_of
from contracts.vocabulary import code_lists
from services.gateway.api.identity import Identity

CODES = code_lists()["gender"].codes


@pytest.mark.parametrize("code", CODES)
def test_a_code_of_the_list_is_kept(code: str) -> None:
    assert Identity(gender=code).gender == code
    assert Identity().gender is None


@pytest.mark.parametrize("word", ["", "Female", "female ", "Kanareika", "female|male", "femalex"])
def test_another_word_is_refused_and_not_repeated(word: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Identity(gender=word)
    assert "Kanareika" not in str(refused.value)


def test_no_event_has_a_property_for_it() -> None:
    for spec in CATALOGUE.values():
        told = str(schema_of(spec))
        assert "'gender'" not in told, spec.type
        assert "'sex'" not in told, spec.type


def test_the_standard_has_a_word_for_each() -> None:
    mapped = code_lists()["gender"].maps["htcds"]
    assert (len(CODES), mapped.unsaid, dict(mapped.losses)) == (6, (), {})
