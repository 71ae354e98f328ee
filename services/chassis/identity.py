"""Who calls: a bearer token that only its digest is known of, and the roles that go with it.

A token may never be stored, logged or put into an error; comparing takes the same time for all.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson

from services.chassis.errors import SettingsWrong

TOKENS_LIMIT: Final = 1000
HEADER_LIMIT: Final = 512
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.:-]{0,79}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, in which roles, at which node."""

    name: str
    roles: frozenset[str]
    node: str = ""


class Tokens:
    """The digests of all valid tokens and whom each stands for."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        if len(callers) > TOKENS_LIMIT:
            raise SettingsWrong("the tokens file holds too many tokens")
        self._callers = {bytes.fromhex(digest): caller for digest, caller in callers.items()}

    @classmethod
    def from_file(cls, path: Path | None, node: str = "") -> Self:
        """Read ``{"<sha256 of a token>": {"name": …, "roles": […]}}``; no file, no callers."""
        if path is None:
            return cls({})
        try:
            entries = orjson.loads(path.read_bytes())
            callers = {_digest(key): _caller(entry, node) for key, entry in entries.items()}
        except OSError:
            raise SettingsWrong("the tokens file cannot be read") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise SettingsWrong("the tokens file is not of the expected form") from None
        return cls(callers)

    def authenticate(self, header: str | None) -> Caller | None:
        """Whom the ``Authorization`` header stands for; nobody when it is not a valid token."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= HEADER_LIMIT:
            return None
        given = hashlib.sha256(token.encode()).digest()
        found: Caller | None = None
        for digest, caller in self._callers.items():
            if hmac.compare_digest(digest, given):
                found = caller
        return found


def digest_of_token(token: str) -> str:
    """What the tokens file holds for ``token``."""
    return hashlib.sha256(token.encode()).hexdigest()


def _digest(key: str) -> str:
    if not _DIGEST.fullmatch(key):
        raise ValueError
    return key


def _caller(entry: Mapping[str, Any], node: str) -> Caller:
    name, roles = entry["name"], entry["roles"]
    if not all(_NAME.fullmatch(word) for word in (name, *roles)) or isinstance(roles, str):
        raise ValueError
    return Caller(name=name, roles=frozenset(roles), node=node)
