"""Where a database server is reached: in a stack's folder, or at a host that we are told.

What only needs an address takes one of these, so that it does not matter who runs the server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

SUPERUSER = "postgres"


class DatabaseAddress(Protocol):
    """A server whose databases can be addressed; addresses hold passwords, never print them."""

    def url(self, role: str, password: str, database: str) -> str:
        """Return a role's address."""

    def superuser_url(self, database: str = ...) -> str:
        """Return the administrator's address."""


@dataclass(frozen=True)
class DatabaseAt:
    """A server at a host and port, as whoever is told this reaches it."""

    host: str
    port: int
    superuser_password: str = field(default="", repr=False)

    def url(self, role: str, password: str, database: str) -> str:
        """Return a role's address."""
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{database}"

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the administrator's address."""
        return self.url(SUPERUSER, self.superuser_password, database)
