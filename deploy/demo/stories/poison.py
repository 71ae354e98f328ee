"""`poison`: nonsense among good events, and a person's name where no name may be.

Everything good is done; everything bad is answered with its reasons; the record with the name is
deleted from the topic, and the name is nowhere.
"""

from __future__ import annotations

import json
from dataclasses import replace

from deploy.demo.agency import Agency
from deploy.demo.bus import Post
from deploy.demo.observer import places_of_text
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "poison"
A_NAME = "Aliaksandr Invented-Siarheyeu"
GOOD = 6


def tell(stage: Stage) -> None:
    """Tell it."""
    guard = stage.agency(loop.BORDER)
    stage.say("a broken system posts nonsense between good events, and writes a name in a field")
    good = [
        guard.event("person-detected", stage.new_case(NAME, loop.BORDER), codes)
        for codes in [loop.detection(loop.BORDER, oblast="BY-BR")] * GOOD
    ]
    bad = nonsense(stage, guard)
    records: list[Post] = []
    for number, event in enumerate(good):
        records += [guard.record(event), *bad[number : number + 1]]
    named = guard.event(
        "person-detected",
        stage.new_case(NAME, loop.BORDER),
        {**loop.detection(loop.BORDER), "name": A_NAME},
    )
    stage.bus.post([*records, *bad[GOOD:], guard.record(named)])
    for event in good:
        guard.accepted(event["id"], "a good detection")
    refused = guard.answer(named["id"])
    stage.must(not refused["accepted"], "an event with a name in it was accepted")
    stage.must(A_NAME not in json.dumps(refused), "the refusal repeats the name")
    answers_without_id(stage, guard)
    stage.until(
        "the deletion of the record with the name", lambda: not places_of_text(stage, A_NAME)
    )
    stage.say(f"{GOOD} good events done, the rest refused with reasons; the name is nowhere")


def nonsense(stage: Stage, guard: Agency) -> list[Post]:
    """Seven ways to be wrong."""
    case_id = stage.new_case(NAME, loop.BORDER)
    sound = guard.record(guard.event("person-detected", case_id, loop.detection(loop.BORDER)))

    def without(header: str) -> tuple[tuple[str, bytes], ...]:
        return tuple(each for each in sound.headers if each[0] != header)

    missing = loop.detection(loop.BORDER)
    del missing["majority"]
    return [
        replace(sound, value=b"\xff\xfe not json", headers=_again(sound)),
        replace(sound, value=b"[1, 2, 3]", headers=_again(sound)),
        replace(sound, headers=without("ce_id")),
        replace(sound, headers=(*without("ce_type"), ("ce_type", b"org.nrm.intake.nothing.v1"))),
        replace(sound, headers=()),
        guard.record(guard.event("person-detected", "not-a-uuid", loop.detection(loop.BORDER))),
        guard.record(guard.event("person-detected", case_id, missing)),
    ]


def _again(sound: Post) -> tuple[tuple[str, bytes], ...]:
    """The same headers under an id of their own."""
    return (
        *(each for each in sound.headers if each[0] != "ce_id"),
        ("ce_id", new_id().encode()),
    )


def answers_without_id(stage: Stage, guard: Agency) -> None:
    """Records without a readable id are answered by partition and offset."""
    stage.until(
        "the answers to records without an id",
        lambda: [
            each
            for each in guard.all_answers()
            if each["intake_id"] is None and each["offset"] is not None
        ],
    )
