"""Settings from the environment."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from services.chassis.environment import ServiceSettings, fail_with_sentence, load, named_by
from services.chassis.errors import SettingsWrong

CANARY = "canary-password"


class Settings(ServiceSettings):
    service: str = "statistics.contributor"
    local_bootstrap: str
    window: tuple[int, ...] = Field(default=())


GOOD = {
    "NRM_STATISTICS_CONTRIBUTOR__NODE": "node-one",
    "NRM_STATISTICS_CONTRIBUTOR__DATABASE_URL": f"postgresql://role:{CANARY}@/x",
    "NRM_STATISTICS_CONTRIBUTOR__DATABASE_SCHEMA": "contributor",
    "NRM_STATISTICS_CONTRIBUTOR__LOCAL_BOOTSTRAP": "localhost:1",
    "NRM_STATISTICS_CONTRIBUTOR__PORT": "0",
    "NRM_STATISTICS_CONTRIBUTOR__STATE_DIR": "/state",
    "NRM_STATISTICS_CONTRIBUTOR__KEY_FILE": "",
    "NRM_STATISTICS_CONTRIBUTOR__WINDOW": "[1, 2]",
    "NRM_STATISTICS__PORT": "7",
    "NRM_DEMO": "1",
    "NRM_CLOCK": "file:/clock",
    "PORT": "9",
}


def test_settings_come_from_the_services_own_variables_and_the_global_ones() -> None:
    settings = load(Settings, GOOD)
    assert settings.port == 0
    assert settings.demo
    assert settings.clock == "file:/clock"
    assert settings.state_dir == Path("/state")
    assert settings.key_file is None
    assert settings.window == (1, 2)
    assert CANARY not in repr(settings)


def test_settings_are_frozen() -> None:
    settings = load(Settings, GOOD)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # on purpose: that it cannot be written


def test_every_wrong_and_missing_variable_is_named_without_its_value() -> None:
    wrong = {
        **GOOD,
        "NRM_STATISTICS_CONTRIBUTOR__PORT": CANARY,
        "NRM_STATISTICS_CONTRIBUTOR__PROT": "1",
        "NRM_STATISTICS_CONTRIBUTOR__WINDOW": f"[{CANARY}",
    }
    del wrong["NRM_STATISTICS_CONTRIBUTOR__LOCAL_BOOTSTRAP"]
    with pytest.raises(SettingsWrong) as refused:
        load(Settings, wrong)
    sentence = str(refused.value)
    for name, fault in (
        ("LOCAL_BOOTSTRAP", "is missing"),
        ("PORT", "is wrong (int_parsing)"),
        ("PROT", "is no setting of statistics.contributor"),
        ("WINDOW", "is wrong (json)"),
    ):
        assert f"NRM_STATISTICS_CONTRIBUTOR__{name} {fault}" in sentence
    assert CANARY not in sentence


def test_a_process_that_cannot_start_says_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail_with_sentence(SettingsWrong("NRM_X is missing"))
    assert ended.value.code == 2
    assert capsys.readouterr().err == "nrm: NRM_X is missing\n"


def test_what_a_setting_names_is_read_or_told_by_the_variable_without_its_value() -> None:
    def read(profile: str) -> str:
        if profile == CANARY:
            raise ValueError("there is none of this name")
        return profile.upper()

    assert named_by(load(Settings, GOOD), "profile", read) == "BY-DRAFT"
    wrong = load(Settings, {**GOOD, "NRM_PROFILE": CANARY})
    with pytest.raises(SettingsWrong) as refused:
        named_by(wrong, "profile", read)
    sentence = "NRM_PROFILE is wrong: there is none of this name"
    assert str(refused.value) == sentence
