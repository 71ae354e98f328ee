"""Tokens."""

from pathlib import Path

import orjson
import pytest

from services.chassis.errors import SettingsWrong
from services.chassis.identity import Tokens, digest_of_token


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "tokens.json"
    path.write_bytes(orjson.dumps(content))
    return path


def test_a_token_stands_for_its_caller_and_nothing_else_does(tmp_path: Path) -> None:
    entry = {"name": "desk-one", "roles": ["writer"]}
    tokens = Tokens.from_file(written(tmp_path, {digest_of_token("t"): entry}), "node-one")
    caller = tokens.authenticate("Bearer t")
    assert caller is not None
    known = ("desk-one", frozenset({"writer"}), "node-one")
    assert (caller.name, caller.roles, caller.node) == known
    for header in (None, "", "t", "Basic t", "Bearer ", "Bearer u", "Bearer " + "t" * 1000):
        assert tokens.authenticate(header) is None


def test_without_a_file_nobody_is_known() -> None:
    assert Tokens.from_file(None).authenticate("Bearer t") is None


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"t": {"name": "desk", "roles": []}},
        {digest_of_token("t"): {"name": "desk"}},
        {digest_of_token("t"): {"name": "desk", "roles": "writer"}},
        {digest_of_token("t"): {"name": "A Person", "roles": []}},
    ],
)
def test_a_tokens_file_of_another_form_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(SettingsWrong):
        Tokens.from_file(written(tmp_path, content))
    with pytest.raises(SettingsWrong, match="cannot be read"):
        Tokens.from_file(tmp_path / "none")
