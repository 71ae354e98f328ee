"""The history checker finds each kind of fault, and nothing in a sound history."""

from dataclasses import replace

import pytest

from tests.support.history import (
    DOUBLED,
    LOST,
    REORDERED,
    STUCK,
    History,
    Said,
    faults_in,
)

A = ("urn:nrm:one:referral", "1", "nrm.local.one.referral.v1", "subject-a")
B = (*A[:3], "subject-b")
SAID = (
    Said(A, 1, "id-1"),
    Said(B, 1, "id-2"),
    Said(A, 2, "id-3"),
    Said(A, 2, "id-3"),  # sent again after a crash: harmless
    Said(A, 3, "id-4"),
)
SOUND = History(
    counters={A: 3, B: 1},
    said=SAID,
    marks={("two/referral", A): 3, ("two/referral", B): 1},
    effects={"visits": 3},
    expected={"visits": 3},
)


def kinds(history: History) -> set[str]:
    return {fault.kind for fault in faults_in(history)}


def test_a_sound_history_has_no_fault() -> None:
    assert faults_in(SOUND) == []


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_row_deleted_from_the_outbox_is_lost(sequence: int) -> None:
    said = tuple(each for each in SAID if each.stream != A or each.sequence != sequence)
    assert LOST in kinds(replace(SOUND, said=said))


def test_what_a_consumer_never_received_is_lost() -> None:
    assert kinds(replace(SOUND, marks={**SOUND.marks, ("two/referral", A): 2})) == {LOST}
    assert kinds(replace(SOUND, marks={("two/referral", A): 3})) == {LOST}


@pytest.mark.parametrize(("seen", "kind"), [(4, DOUBLED), (2, LOST)])
def test_an_effect_that_is_there_too_often_or_not_enough_is_told(seen: int, kind: str) -> None:
    assert kinds(replace(SOUND, effects={"visits": seen})) == {kind}


def test_one_event_under_two_numbers_is_doubled() -> None:
    again = replace(SOUND, said=(*SAID, Said(A, 4, "id-4")), counters={A: 4, B: 1})
    marks = {**SOUND.marks, ("two/referral", A): 4}
    assert kinds(replace(again, marks=marks)) == {DOUBLED}


def test_a_record_that_no_counter_gave_a_number_is_told() -> None:
    assert kinds(replace(SOUND, said=(*SAID, Said(A, 4, "id-9")))) == {DOUBLED}


def test_a_number_before_its_predecessor_is_reordered() -> None:
    said = (SAID[2], SAID[0], SAID[1], SAID[4])
    assert kinds(replace(SOUND, said=said)) == {REORDERED}


def test_what_is_not_finished_is_stuck() -> None:
    assert kinds(replace(SOUND, unfinished=("one.referral parked",))) == {STUCK}
