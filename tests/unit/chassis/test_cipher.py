"""Sealing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.cipher import KEY_BYTES, KeyRing, open_with, seal_with
from services.chassis.errors import CannotOpen, Misuse, SettingsWrong

OLD, NEW = bytes(range(KEY_BYTES)), bytes(range(1, KEY_BYTES + 1))
RING = KeyRing({"00000001": OLD}, "00000001", NEW)
TURNED = KeyRing({"00000001": OLD, "00000002": NEW}, "00000002", NEW)
STRANGER = KeyRing({"00000001": NEW}, "00000001", OLD)


@given(plain=st.binary(max_size=200), context=st.binary(max_size=20))
def test_what_is_sealed_opens_in_its_context_also_after_a_change_of_keys(
    plain: bytes, context: bytes
) -> None:
    sealed = RING.seal(plain, context)
    assert RING.open(sealed, context) == plain
    assert TURNED.open(sealed, context) == plain
    assert RING.seal(plain, context) != sealed


@given(plain=st.binary(min_size=1, max_size=50), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_nothing_altered_cut_or_foreign_opens(plain: bytes, at: int, bit: int) -> None:
    sealed = RING.seal(plain, b"here")
    place = at % len(sealed)
    flipped = bytearray(sealed)
    flipped[place] ^= 1 << bit
    attempts = [
        (RING, bytes(flipped), b"here"),
        (RING, sealed[:place], b"here"),
        (RING, sealed, b"there"),
        (STRANGER, sealed, b"here"),
    ]
    for ring, content, context in attempts:
        with pytest.raises(CannotOpen, match=r"^sealed bytes do not open$"):
            ring.open(content, context)


def test_a_data_key_is_wrapped_for_its_context_only() -> None:
    data_key = RING.new_data_key()
    wrapped = RING.wrap(data_key, b"one")
    assert RING.unwrap(wrapped, b"one") == data_key
    assert open_with(data_key, seal_with(data_key, b"x", b"one"), b"one") == b"x"
    for wrong in (b"two", b""):
        with pytest.raises(CannotOpen):
            RING.unwrap(wrapped, wrong)
    with pytest.raises(Misuse):
        RING.wrap(b"short", b"one")


def test_digests_are_keyed() -> None:
    assert RING.digest(b"x") == RING.digest(b"x") == TURNED.digest(b"x")
    assert RING.digest(b"x") != STRANGER.digest(b"x")
    assert len(RING.digest(b"x")) == 64


def test_a_key_file_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    ring = KeyRing.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.from_file(path).open(ring.seal(b"x", b""), b"") == b"x"
    with pytest.raises(SettingsWrong, match="already"):
        KeyRing.create(path)
    path.chmod(0o644)
    with pytest.raises(SettingsWrong, match="chmod"):
        KeyRing.from_file(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"current":"x","keys":{"x":"AA=="}}'])
def test_a_key_file_of_another_form_is_refused_without_its_content(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsWrong, match="not of the expected form"):
        KeyRing.from_file(path)
