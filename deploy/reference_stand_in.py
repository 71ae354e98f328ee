"""What the reference pages give to a service's tables in place of its connections.

A subscription table and a route table only bind what they are given; nothing of it is used until
an event or a request comes. Nothing but the pages may use this.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from contracts.catalogue import CATALOGUE


class StandIn:
    """Has every attribute, does nothing; knows the catalogue, which some tables read."""

    contracts: Any = SimpleNamespace(catalogue=CATALOGUE)

    def __getattr__(self, name: str) -> Any:
        """Return a stand-in for whatever is asked; not for Python's own protocols."""
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn()
