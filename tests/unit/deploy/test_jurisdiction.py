"""By which profile a stack runs: NRM_PROFILE says it, every node is told, and no other mixes in."""

from pathlib import Path

import pytest

from contracts.vocabulary.profile import known_profiles
from deploy.local import control, jurisdiction
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, write_json


@pytest.mark.parametrize("name", known_profiles())
def test_the_variable_names_a_profile(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(jurisdiction.SETTING, name)
    assert jurisdiction.wanted_profile() == name


@pytest.mark.parametrize("unset", [None, ""])
def test_without_the_variable_the_services_take_their_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unset: str | None
) -> None:
    monkeypatch.delenv(jurisdiction.SETTING, raising=False)
    if unset is not None:
        monkeypatch.setenv(jurisdiction.SETTING, unset)
    assert jurisdiction.wanted_profile() is None
    assert jurisdiction.profile_of(StateFolder(tmp_path)) == jurisdiction.DEFAULT


def test_a_profile_that_nobody_wrote_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(jurisdiction.SETTING, "XX-forgotten")
    with pytest.raises(StackFailure, match=r"must be one of .*UK") as refused:
        control.start(control.Wish(StateFolder(tmp_path / "state")))
    assert "XX-forgotten" not in str(refused.value)
    assert not (tmp_path / "state" / "supervisor.pid").exists()


def test_a_running_stack_keeps_its_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    write_json(state.stack, {"profile": "UK"})
    jurisdiction.must_be_the_wanted(state)
    monkeypatch.setenv(jurisdiction.SETTING, "UK")
    jurisdiction.must_be_the_wanted(state)
    monkeypatch.setenv(jurisdiction.SETTING, "BG")
    with pytest.raises(StackFailure, match="profile UK: run `nrm down`"):
        jurisdiction.must_be_the_wanted(state)
