"""One key file per node, readable by its owner only (mode 0600).

A key is never replaced here: what was sealed with it could not be opened any more.
"""

from __future__ import annotations

from pathlib import Path

from deploy.local.layout import StateFolder
from deploy.local.topology import Topology
from services.chassis.cipher import KeyRing


def make_keys(state: StateFolder, topology: Topology) -> None:
    """Make the key files that are missing."""
    for node in topology.file.nodes:
        path = key_path(state, node)
        if not path.exists():
            KeyRing.create(path)


def key_path(state: StateFolder, node: str) -> Path:
    """Return the key file of a node."""
    return state.keys / f"{node}.key"
