"""Tables of a border post at a real gateway: rows in, answers back, nothing twice, nothing lost."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from doors.failures import DoorFailure, NodeAway
from doors.identifiers import key_in
from doors.tables.folder import Drop, Watcher
from doors.tables.reading import rows_of
from doors.tables.results import RowResult
from doors.tables.sending import sender_of
from tests.integration.doors.conftest import Behind, Crash
from tests.support.gateway_door import Door, as_
from tests.support.tables import CANARY, SAMPLE, a_row, a_table, the_mapping


@dataclass
class Post:
    """A border post's folder and its way into the node."""

    behind: Behind
    folder: Path

    async def send(self, document: bytes) -> list[RowResult]:
        key = key_in(self.folder / "door")
        reader = rows_of(document, the_mapping(), key)
        sender = sender_of(self.behind.node, the_mapping(), key, self.folder / "door")
        return [result async for result in sender.send(reader)]

    def drop(self) -> Watcher:
        drop = self.folder / "drop"
        drop.mkdir(exist_ok=True)
        return Watcher(
            Drop(
                folder=drop,
                mapping=the_mapping(),
                node=self.behind.node,
                key=key_in(self.folder / "door"),
                door=self.folder / "door",
            )
        )

    def files(self) -> set[str]:
        drop = self.folder / "drop"
        return {str(path.relative_to(drop)) for path in drop.rglob("*") if path.is_file()}

    def results(self, name: str) -> list[dict[str, str]]:
        text = (self.folder / "drop" / "results" / name).read_bytes().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))


@pytest.fixture
def post(behind: Behind, tmp_path: Path) -> Post:
    return Post(behind, tmp_path)


async def happened(door: Door) -> Counter[str]:
    """What the node did: commands, consents and acts at the safe, each counted."""
    commands = Counter(row["type"].split(".")[-2] for row in await door.published("commands"))
    consents = Counter(row["type"].split(".")[-2] for row in await door.published("consent"))
    kept = await door.rows("SELECT count(*) AS many FROM audit WHERE action = 'person-kept'")
    return commands + consents + Counter({"person-kept": kept[0]["many"]})


async def test_of_the_sample_three_rows_are_taken_and_one_is_told_what_is_wrong(
    post: Post, door: Door
) -> None:
    results = await post.send(SAMPLE.read_bytes())
    assert [each.outcome for each in results] == ["accepted", "accepted", "refused", "accepted"]
    assert {each.code for each in results[2].reasons} == {"not-a-date", "not-yes-or-no"}
    assert await happened(door) == {"detect-person": 3, "consent-granted": 2, "person-kept": 3}
    read = await door.client.get(f"/v1/persons/{results[0].case_id}", headers=as_("case-officer"))
    assert read.json()["birth_year"] == 1988
    everything = str([await door.published(topic) for topic in ("commands", "consent", "answers")])
    assert "ыдуманн" not in everything


async def test_a_file_sent_twice_does_nothing_twice(post: Post, door: Door) -> None:
    first = await post.send(SAMPLE.read_bytes())
    done = await happened(door)
    assert await post.send(SAMPLE.read_bytes()) == first
    assert await happened(door) == done


async def test_the_mended_row_alone_is_new_when_the_file_comes_again(
    post: Post, door: Door
) -> None:
    await post.send(a_table(a_row("1"), a_row("2", Опасность_сейчас="?")).encode())
    results = await post.send(a_table(a_row("1"), a_row("2")).encode())
    assert [each.outcome for each in results] == ["accepted", "accepted"]
    assert (await happened(door))["detect-person"] == 2


async def test_a_changed_row_of_a_known_case_is_told_so(post: Post, door: Door) -> None:
    await post.send(a_table(a_row("1")).encode())
    (changed,) = await post.send(a_table(a_row("1", Область="Витебская область")).encode())
    assert (changed.outcome, [each.code for each in changed.reasons]) == (
        "refused",
        ["case-exists"],
    )
    assert (await happened(door))["person-kept"] == 1


async def test_what_the_safe_was_told_since_is_not_covered_by_an_old_file(
    post: Post, door: Door
) -> None:
    (result,) = await post.send(a_table(a_row("1")).encode())
    newer = {"names": [{"full": "Corrected Since"}]}
    seen = {"if-match": '"1"'}
    await door.client.put(f"/v1/persons/{result.case_id}", json=newer, headers=seen)
    await post.send(a_table(a_row("1")).encode())
    read = await door.client.get(f"/v1/persons/{result.case_id}", headers=as_("case-officer"))
    assert read.json() == newer


async def test_another_name_under_the_same_number_covers_nobody_and_is_told(
    post: Post, door: Door
) -> None:
    await post.send(a_table(a_row("1")).encode())
    (other,) = await post.send(a_table(a_row("1", ФИО="Another Invented")).encode())
    assert [each.code for each in other.reasons] == ["identity-not-kept", "already-kept"]
    read = await door.client.get(f"/v1/persons/{other.case_id}", headers=as_("case-officer"))
    assert read.json()["names"][0]["full"] == CANARY


async def test_whoever_dies_anywhere_in_a_file_begins_again_and_nothing_is_twice_or_lost(
    post: Post, door: Door, behind: Behind
) -> None:
    document = a_table(*(a_row(str(number)) for number in range(1, 4))).encode()
    calls = 9  # three rows: detection, consent, identity
    crashes = 0
    for last in range(1, calls + 1):
        with behind.dying_after(last):
            try:
                await post.send(document)
            except Crash:
                crashes += 1
    assert crashes >= calls - 2, "what was kept is not sent again, so the last ones get through"
    results = await post.send(document)
    assert [each.outcome for each in results] == ["accepted"] * 3
    done = await happened(door)
    assert (done["detect-person"], done["consent-granted"]) == (3, 3)
    read = await door.client.get(f"/v1/persons/{results[2].case_id}", headers=as_("case-officer"))
    assert read.json()["names"][0]["full"] == CANARY


async def test_what_the_node_refused_is_looked_at_again_when_it_comes_again(
    post: Post, door: Door
) -> None:
    stranger = the_mapping().model_dump_json().replace("interior-brest", "interior-minsk")
    key = key_in(post.folder / "door")

    async def send(text: str) -> RowResult:
        mapping = type(the_mapping()).model_validate_json(text)
        reader = rows_of(a_table(a_row("1")).encode(), mapping, key)
        sender = sender_of(post.behind.node, mapping, key, post.folder / "door")
        (result,) = [result async for result in sender.send(reader)]
        return result

    first = await send(stranger)
    assert first.outcome == "partly-accepted"
    assert [(each.code, each.column) for each in first.reasons] == [
        ("not-a-participant", "recipients")
    ]
    again = await send(stranger)
    assert again.reasons == first.reasons
    answers = [row for row in await door.published("answers") if "reasons" in row["body"]]
    assert len(answers) == 2, "a refusal is final under its id, so the second one had another"
    assert (await happened(door))["detect-person"] == 1
    assert (await send(the_mapping().model_dump_json())).outcome == "accepted"


async def test_a_dropped_file_is_taken_when_it_is_complete_and_gets_a_result(post: Post) -> None:
    watcher = post.drop()
    path = post.folder / "drop" / "february.csv"
    whole = SAMPLE.read_bytes()
    path.write_bytes(whole[:-10])
    assert [each async for each in watcher.look()] == []
    assert [each async for each in watcher.look()] == []  # quiet, but its last line has no end
    assert [each.finished async for each in watcher.complete()] == [False]
    path.write_bytes(whole)
    assert [each async for each in watcher.look()] == []
    (processed,) = [each async for each in watcher.look()]
    assert processed.finished
    assert post.files() == {"done/february.csv", "results/february.csv.result.csv"}
    rows = post.results("february.csv.result.csv")
    assert [row["outcome"] for row in rows] == ["accepted", "accepted", "refused", "accepted"]
    assert "Выдуманн" not in str(rows)
    assert (post.folder / "drop" / "done" / "february.csv").read_bytes() == whole


async def test_a_file_that_a_program_holds_open_stays(post: Post) -> None:
    watcher = post.drop()
    for name in ("a.csv", ".~lock.a.csv#", ".b.csv", "~$c.xlsx", "d.csv.part", "e.txt"):
        (post.folder / "drop" / name).write_text(a_table(a_row()), encoding="utf-8")
    for _ in range(3):
        assert [each async for each in watcher.look()] == []


async def test_a_file_that_is_no_table_is_put_aside_and_the_next_goes_in(post: Post) -> None:
    watcher = post.drop()
    (post.folder / "drop" / "a.csv").write_text(f"{CANARY}\n", encoding="utf-8")
    (post.folder / "drop" / "b.csv").write_text(a_table(a_row()), encoding="utf-8")
    assert [each async for each in watcher.look()] == []
    first, second = [each async for each in watcher.look()]
    assert first.refused is not None
    assert second.results[0].outcome == "accepted"
    assert {"refused/a.csv", "done/b.csv"} < post.files()
    assert {row["outcome"] for row in post.results("a.csv.result.csv")} == {"refused"}
    assert CANARY not in str(post.results("a.csv.result.csv"))


async def test_a_file_whose_answer_is_late_stays_and_is_finished_later(
    post: Post, door: Door, behind: Behind
) -> None:
    watcher = post.drop()
    (post.folder / "drop" / "a.csv").write_text(a_table(a_row()), encoding="utf-8")
    behind.silent = True
    assert [each async for each in watcher.look()] == []
    (waiting,) = [each async for each in watcher.look()]
    assert not waiting.finished
    assert post.files() == {"a.csv"}
    behind.silent = False
    (done,) = [each async for each in watcher.look()]
    assert done.finished
    assert (await happened(door))["detect-person"] == 1


async def test_a_crash_in_a_dropped_file_leaves_it_where_it_was(
    post: Post, door: Door, behind: Behind
) -> None:
    (post.folder / "drop").mkdir()
    (post.folder / "drop" / "a.csv").write_text(a_table(a_row("1"), a_row("2")), encoding="utf-8")
    with behind.dying_after(4), pytest.raises(Crash):
        _ = [each async for each in post.drop().complete()]
    assert post.files() == {"a.csv"}
    (done,) = [each async for each in post.drop().complete()]
    assert [each.outcome for each in done.results] == ["accepted", "accepted"]
    assert (await happened(door))["detect-person"] == 2


@pytest.mark.parametrize(("status", "failure"), [(503, NodeAway), (401, DoorFailure)])
async def test_a_node_that_is_away_or_says_no_leaves_the_file_where_it_was(
    post: Post, status: int, failure: type[Exception]
) -> None:
    watcher = post.drop()
    (post.folder / "drop" / "a.csv").write_text(a_table(a_row()), encoding="utf-8")
    post.behind.status = status
    with pytest.raises(failure):
        _ = [each async for each in watcher.complete()]
    assert post.files() == {"a.csv"}
