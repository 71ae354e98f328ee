"""The directory: what a good record is, where a bad one stands, and a file that changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli import directory as command
from cli.main import app
from cli.options import state_folder
from contracts.vocabulary import LANGUAGES, code_lists
from services.chassis.errors import SettingsWrong
from services.referral.domain import hsds, listings
from services.referral.domain.hsds import NotHsds, Reader
from services.referral.domain.listings import Seen, objections_to, read_directory
from services.referral.store.directory import DirectoryFile, load_directory
from tests.unit.referral.builders import AGENCY, a_document, a_service

DEMO = Path(__file__).parents[3] / "deploy" / "local" / "directory.yaml"


A_STREET = "shelter, Invented street 5, Kanareika"
AGAINST: list[tuple[str, dict[str, Any]]] = [
    ("id-missing", {"id": ""}),
    ("id-not-opaque", {"id": A_STREET}),
    ("not-active", {"status": "defunct"}),
    ("service-type-unknown", {"service_type": "moon-flight"}),
    ("price-missing", {"cost_options": []}),
    ("price-unreadable", {"cost_options": [{"amount": "free"}]}),
    ("price-above-zero", {"cost_options": [{"amount": 0}, {"amount": "0.01"}]}),
    ("eligibility-unknown", {"eligibility": {"audience_classes": ["cats"]}}),
    ("language-missing", {"languages": []}),
    ("language-unknown", {"languages": [{"code": "xx"}]}),
    ("oblast-unknown", {"service_areas": [{"extent": "BY-XX"}]}),
    ("cover-unknown", {"cover": "sometimes"}),
    ("schedule-missing", {"cover": "hours", "schedules": []}),
    ("schedule-unreadable", {"schedules": [{"freq": "WEEKLY", "byday": "MO,XX"}]}),
    (
        "schedule-unreadable",
        {"schedules": [{"freq": "DAILY", "opens_at": "18:00", "closes_at": "09:00"}]},
    ),
    (
        "schedule-unreadable",
        {
            "schedules": [
                {"freq": "DAILY", "byday": "1MO", "opens_at": "00:00", "closes_at": "24:00"}
            ]
        },
    ),
    ("duty-phone-missing", {"phones": []}),
    ("duty-phone-missing", {"phones": [{"number": "ask for Canary", "description": "duty"}]}),
    ("capacity-unreadable", {"service_capacity": [{"available": -1, "maximum": 4}]}),
    ("available-above-maximum", {"service_capacity": [{"available": 5, "maximum": 4}]}),
    ("organization-unknown", {"organization_id": "nobody"}),
]


@pytest.mark.parametrize(("code", "changes"), AGAINST)
def test_a_bad_record_is_refused_for_just_this_reason(code: str, changes: dict[str, Any]) -> None:
    record = a_service(**changes)
    assert objections_to(record, Seen(agencies=frozenset({AGENCY}))) == (code,)


@pytest.mark.parametrize(
    "number",
    [
        *("+375 162 20-00-00", "(0162) 20-00-00", "(8-0162) 20 00 00, ext. 5", "80162200000 доб.5"),
        *("+375\u00a0162\u00a020-00-00", "102"),
    ],
)
def test_a_duty_phone_is_read_as_people_write_it(number: str) -> None:
    record = a_service(phones=[{"number": number, "description": "duty"}])
    assert objections_to(record, Seen(agencies=frozenset({AGENCY}))) == ()


def test_a_good_record_has_nothing_against_it_and_each_reason_has_labels() -> None:
    seen = Seen(agencies=frozenset({AGENCY}))
    assert objections_to(a_service(), seen) == ()
    assert objections_to(a_service(), seen) == ("id-repeated",)
    told = {code for code, _ in AGAINST} | {"id-repeated", "other"}
    assert told == set(code_lists()["directory-refusal"].codes)


@pytest.mark.parametrize("number", range(len(listings.RECORD_RULES)))
def test_without_a_rule_its_bad_record_would_be_loaded(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = list(listings.RECORD_RULES)
    gone = rules.pop(number)
    monkeypatch.setattr(listings, "RECORD_RULES", tuple(rules))
    loaded = [
        changes
        for _, changes in AGAINST
        if not objections_to(a_service(**changes), Seen(agencies=frozenset({AGENCY})))
    ]
    assert loaded, gone.__name__


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_nonsense_in_any_place_is_refused_and_never_an_error(nonsense: Any) -> None:
    for name in a_service():
        objections_to(a_service(**{name: nonsense}), Seen(agencies=frozenset({AGENCY})))
    assert objections_to(nonsense, Seen(agencies=frozenset()))


def test_records_are_told_by_the_line_on_which_they_begin() -> None:
    text = '{\n "services": [\n  {"a": 1},\n\n  {"b":\n 2}\n ],\n "organizations": []\n}\n'
    content: dict[str, Any] = {}
    found = list(Reader(text, content).records())
    assert [(each.record, each.line) for each in found] == [({"a": 1}, 3), ({"b": 2}, 5)]
    assert [text[: each.end].count("}") for each in found] == [1, 2]
    assert content == {"organizations": []}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[]", 1),
        ('{"services": {}}', 1),
        ('{\n"services": [\n{"a": }]}', 3),
        ('{"services": [1, 2}', 1),
        ('{"services": []\n', 2),
        ('{"services": []} more', 1),
        ('{"services" []}', 1),
        ("\n[]\n\n", 2),
        ('\n{"services": {}\n}\n', 2),
        ('{"services": [1, 2}\n\n', 1),
        ('\n{"services": [\n1, 2}\n\n', 3),
        ('{"services": []} more\n\n', 1),
        ('{"a":\nnonsense\n\n}', 2),
    ],
)
def test_what_is_no_directory_is_told_by_its_line(text: str, line: int) -> None:
    with pytest.raises(NotHsds) as refusal:
        list(Reader(text, {}).records())
    assert refusal.value.line == line
    assert str(refusal.value).startswith(f"line {line}: ")


def test_a_directory_is_read_up_to_its_limit_and_not_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hsds, "RECORDS_LIMIT", 2)
    read = Reader('{"services":\n[1,\n2,\n3]}', {}).records()
    assert [next(read).record, next(read).record] == [1, 2]
    with pytest.raises(NotHsds) as refusal:
        next(read)
    assert refusal.value.line == 3


def test_the_line_of_the_first_record_counts_those_before_the_document() -> None:
    (first, *_) = Reader('\n{"services": [\n1]}', {}).records()
    assert first.line == 3


@given(
    st.lists(st.dictionaries(st.text(), st.integers()), max_size=5),
    st.dictionaries(st.sampled_from(["a", "b"]), st.lists(st.text())),
)
def test_what_json_reads_is_what_the_reader_reads(
    services: list[dict[str, int]], more: dict[str, list[str]]
) -> None:
    text = json.dumps({**more, "services": services}, indent=2)
    content: dict[str, Any] = {}
    assert [each.record for each in Reader(text, content).records()] == services
    assert content == more


def run(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.stdout


def test_of_a_thousand_records_one_bad_one_is_named_and_the_others_load(tmp_path: Path) -> None:
    services = [a_service(number) for number in range(1000)]
    services[617] = a_service(617, service_capacity=[{"available": 9, "maximum": 4}])
    file, live = tmp_path / "given.json", tmp_path / "live.yaml"
    file.write_text(json.dumps(a_document(*services), indent=0), encoding="utf-8")
    told = json.loads(run("directory", "import", file, "--to", live, "--json"))
    line = file.read_text().splitlines().index(f'"id": "{AGENCY}.crisis-room.617",')
    assert told["loaded"] == 999
    assert told["refused"] == [
        {
            "line": line,
            "record": f"{AGENCY}.crisis-room.617",
            "reasons": ["available-above-maximum"],
        }
    ]
    loaded = load_directory(live)
    assert (len(loaded.listings), loaded.refused) == (999, ())
    shown = run("directory", "check", file, "--language", "be", code=1)
    assert "Свабодных месцаў больш, чым усяго" in " ".join(shown.split())


def test_of_a_thousand_records_one_that_says_an_address_is_told_by_its_place_alone(
    tmp_path: Path,
) -> None:
    services = [a_service(number) for number in range(1000)]
    services[617] = a_service(617, id=A_STREET)
    file, live = tmp_path / "given.json", tmp_path / "live.yaml"
    file.write_text(json.dumps(a_document(*services), indent=0), encoding="utf-8")
    told = run("directory", "import", file, "--to", live, "--json")
    line = file.read_text().splitlines().index(f'"id": "{A_STREET}",')
    refused = [{"line": line, "record": "services[617]", "reasons": ["id-not-opaque"]}]
    assert json.loads(told) | {"left_out": {}} == {
        "loaded": 999,
        "refused": refused,
        "left_out": {},
    }
    told += run("directory", "check", file, "--language", "be", code=1)
    told += run("directory", "export", "--from", file)
    told += live.read_text("utf-8")
    assert "Па нумары запісу можна даведацца адрас" in " ".join(told.split())
    assert [word for word in ("street", "Kanareika") if word in told] == []
    assert len(load_directory(live).listings) == 999


def test_an_export_imported_again_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    live, exported, again = (tmp_path / name for name in ("live", "exported", "again"))
    run("directory", "import", DEMO, "--to", live, "--json")
    run("directory", "export", exported, "--from", live)
    run("directory", "import", exported, "--to", again, "--json")
    assert live.read_bytes() == exported.read_bytes() == again.read_bytes()
    (known,) = (
        each
        for each in json.loads(again.read_text("utf-8"))["organizations"]
        if each["id"] == "interior-brest"
    )
    assert set(known["names"]) == set(LANGUAGES)
    assert len({known["name"], *known["names"].values()}) == len(LANGUAGES)
    assert load_directory(live).listings == load_directory(DEMO).listings


def test_a_file_without_a_good_record_leaves_the_directory_as_it_is(tmp_path: Path) -> None:
    file, live = tmp_path / "given.json", tmp_path / "live"
    live.write_text("before")
    file.write_text(json.dumps(a_document(a_service(cost_options=[{"amount": 5}]))))
    run("directory", "import", file, "--to", live, code=1)
    assert live.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.json", "live"]


def test_a_running_service_takes_the_new_directory_and_keeps_the_old_for_a_broken_one(
    tmp_path: Path,
) -> None:
    live = tmp_path / "live"
    command.replace_file(live, command.written(a_document(a_service())))
    directory = DirectoryFile(live)
    assert not directory.look()
    command.replace_file(live, command.written(a_document(a_service(), a_service(1))))
    assert directory.look()
    assert len(directory.of_type("crisis-room")) == 2
    assert directory.listing(f"{AGENCY}.crisis-room.1") is not None
    command.replace_file(live, "{ broken: [")
    assert not directory.look()
    live.unlink()
    assert not directory.look()
    assert len(directory.of_type("crisis-room")) == 2
    assert directory.readiness().ok
    assert directory.readiness().detail
    with pytest.raises(SettingsWrong):
        DirectoryFile(live)


def test_a_stack_shows_the_directory_it_came_with_until_another_is_imported(
    tmp_path: Path,
) -> None:
    state = state_folder(tmp_path)
    state.show_directory(DEMO)
    state.show_directory(DEMO)
    assert state.directory.readlink() == DEMO
    command.replace_file(state.directory, command.written(a_document(a_service())))
    state.show_directory(DEMO)
    assert not state.directory.is_symlink()
    assert len(load_directory(state.directory).listings) == 1
    assert len(read_directory({}).listings) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_a_service_was_offered_or_not_is_told_in_words(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.referral import print_explained  # noqa: PLC0415 - its console is made on import

    need = {"need_id": "n", "service_type": "shelter", "state": "escalated", "told": "supervisor"}
    verdicts = ["waitlist", "family-would-be-separated"]
    row = {
        "need_id": "n",
        "round": 2,
        "agency": AGENCY,
        "service_id": f"{AGENCY}.1",
        "verdicts": verdicts,
    }
    print_explained({"needs": [need]}, [row], language)
    shown = " ".join(capsys.readouterr().out.split())
    labels = code_lists()["routing-verdict"]
    for verdict in verdicts:
        assert f"({verdict})" in shown
        assert labels.label(verdict, language).split()[0] in shown
    assert "escalated, supervisor" in shown
