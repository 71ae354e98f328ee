"""One key-encryption key per node, in a file that only its owner reads (mode 0600).

A key is never replaced here: what was sealed with it could not be opened any more.
"""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from deploy.local.layout import StateFolder
from deploy.local.processes import write_whole
from deploy.local.topology import Topology

KEY_BYTES = 32


def make_keys(state: StateFolder, topology: Topology) -> None:
    """Make the key files that are missing."""
    for node in topology.file.nodes:
        path = key_path(state, node)
        if not path.exists():
            write_whole(path, _fresh())


def key_path(state: StateFolder, node: str) -> Path:
    """Return the key file of a node."""
    return state.keys / f"{node}.key"


def _fresh() -> str:
    return json.dumps({"key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()})
