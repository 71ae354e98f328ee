"""Passwords of the database's roles, made once per state folder, mode 0600.

They reach a service only through its environment and are never printed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.local.addresses import DatabaseAddress
from deploy.local.layout import StateFolder, read_json, write_json
from deploy.local.topology import Topology, Unit

OWNER = "nrm_owner"
PASSWORD_BYTES = 24


@dataclass(frozen=True)
class Credentials:
    """The passwords by role."""

    passwords: dict[str, str]

    def owner_url(self, server: DatabaseAddress, database: str) -> str:
        """Return the address that migrations use."""
        return server.url(OWNER, self.passwords[OWNER], database)

    def unit_url(self, server: DatabaseAddress, unit: Unit) -> str:
        """Return the address that a service uses."""
        return server.url(unit.role, self.passwords[unit.role], unit.database)


def make_credentials(
    state: StateFolder, topology: Topology, *, also: Iterable[str] = ()
) -> Credentials:
    """Read the passwords and make those that are missing, ``also`` for these roles."""
    passwords = {str(role): str(word) for role, word in read_json(state.credentials).items()}
    missing = {OWNER, *also, *(unit.role for unit in topology.units)} - passwords.keys()
    for role in missing:
        passwords[role] = secrets.token_urlsafe(PASSWORD_BYTES)
    if missing:
        write_json(state.credentials, passwords)
    return Credentials(passwords)
