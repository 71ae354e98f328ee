"""Sealing bytes for the node's own database: AES-256-GCM, a data key each, wrapped by the node's.

A key may never be printed, logged or put into an error; whatever does not open gives one error
that says nothing more. What travels between nodes is not sealed here.
"""

import base64
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis.errors import CannotOpen, Misuse, SettingsWrong

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
KEY_ID_BYTES: Final = 4
KEYS_LIMIT: Final = 64
FORM_SEALED: Final = b"\x01"
FORM_WRAPPED: Final = b"\x02"
WRAPPED_BYTES: Final = 1 + KEY_ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES
_KEY_ID: Final = re.compile(rf"[0-9a-f]{{{2 * KEY_ID_BYTES}}}")


class KeyRing:
    """The node's key-encryption keys (one is current) and its key for digests."""

    def __init__(self, keys: Mapping[str, bytes], current: str, digest_key: bytes) -> None:
        sound = current in keys and 0 < len(keys) <= KEYS_LIMIT
        lengths = {len(key) for key in (*keys.values(), digest_key)}
        if not sound or lengths != {KEY_BYTES} or not all(map(_KEY_ID.fullmatch, keys)):
            raise SettingsWrong("the key file is not of the expected form")
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._digests = hmac.new(digest_key, digestmod="sha256")

    @property
    def current(self) -> str:
        """The name of the key that seals now; it tells nothing of the key."""
        return self._current

    def __repr__(self) -> str:
        """Never a key."""
        return f"KeyRing({len(self._keys)} keys)"

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read ``{"current": id, "keys": {id: base64}, "digest": base64}``, readable by one."""
        try:
            if path.stat().st_mode & 0o077:
                raise SettingsWrong("the key file can be read by others: chmod 600")
            content: dict[str, Any] = orjson.loads(path.read_bytes())
            keys = {str(name): _decoded(text) for name, text in content["keys"].items()}
            current, digest_key = str(content["current"]), _decoded(content["digest"])
        except OSError:
            raise SettingsWrong("the key file cannot be read") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise SettingsWrong("the key file is not of the expected form") from None
        return cls(keys, current, digest_key)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key file, readable by its owner only; an existing one is never replaced."""
        key_id = secrets.token_hex(KEY_ID_BYTES)
        fresh = [base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for _ in range(2)]
        content = {"current": key_id, "keys": {key_id: fresh[0]}, "digest": fresh[1]}
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise SettingsWrong("there is a key file already") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(content))
            file.flush()
            os.fsync(file.fileno())
        return cls.from_file(path)

    def new_data_key(self) -> bytes:
        """A fresh key for the things of one subject."""
        return secrets.token_bytes(KEY_BYTES)

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """``data_key`` under the node's current key, bound to ``context``."""
        if len(data_key) != KEY_BYTES:
            raise Misuse("a data key has another length")
        head = FORM_WRAPPED + bytes.fromhex(self._current)
        return head + _encrypt(self._keys[self._current], data_key, head, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key, or CannotOpen."""
        head = wrapped[: 1 + KEY_ID_BYTES]
        key = self._keys.get(head[1:].hex())
        if key is None or head[:1] != FORM_WRAPPED or len(wrapped) != WRAPPED_BYTES:
            raise CannotOpen("sealed bytes do not open")
        return _decrypt(key, wrapped[len(head) :], head, context)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """``plain`` under a data key of its own, bound to ``context``."""
        data_key = self.new_data_key()
        head = FORM_SEALED + self.wrap(data_key, context)
        return head + _encrypt(AESGCM(data_key), plain, head, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed, or CannotOpen."""
        head = sealed[: 1 + WRAPPED_BYTES]
        if head[:1] != FORM_SEALED:
            raise CannotOpen("sealed bytes do not open")
        data_key = self.unwrap(head[1:], context)
        return _decrypt(AESGCM(data_key), sealed[len(head) :], head, context)

    def digest(self, content: bytes) -> str:
        """A keyed digest (HMAC-SHA-256): equal for equal bytes, tells nothing without the key."""
        keyed = self._digests.copy()  # half the time of a fresh one: the key is worked in already
        keyed.update(content)
        return keyed.hexdigest()


def seal_with(data_key: bytes, plain: bytes, context: bytes) -> bytes:
    """``plain`` under a data key that the caller keeps wrapped."""
    return _encrypt(AESGCM(data_key), plain, b"", context)


def open_with(data_key: bytes, sealed: bytes, context: bytes) -> bytes:
    """What ``seal_with`` sealed, or CannotOpen."""
    return _decrypt(AESGCM(data_key), sealed, b"", context)


def _bound(head: bytes, context: bytes) -> bytes:
    return len(head).to_bytes(4, "big") + head + context


def _encrypt(key: AESGCM, plain: bytes, head: bytes, context: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, _bound(head, context))


def _decrypt(key: AESGCM, sealed: bytes, head: bytes, context: bytes) -> bytes:
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise CannotOpen("sealed bytes do not open")
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(head, context))
    except InvalidTag:
        raise CannotOpen("sealed bytes do not open") from None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
