"""The few files beside the pages, under a name with their digest, so that browsers may keep them.

Nothing here may come from elsewhere or tell anything about anybody.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("assets")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
DIGITS: Final = 12
KEPT: Final = "public, max-age=31536000, immutable"


@cache
def assets() -> Mapping[str, tuple[bytes, str]]:
    """Every file by the name under which it is asked for: its bytes and its type."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            found[_name(path, content)] = (content, TYPES[path.suffix])
    return found


@cache
def address_of(name: str) -> str:
    """Where a file is: ``/assets/work-list-0123456789ab.css``."""
    path = FOLDER / name
    return f"/assets/{_name(path, path.read_bytes())}"


def _name(path: Path, content: bytes) -> str:
    return f"{path.stem}-{hashlib.sha256(content).hexdigest()[:DIGITS]}{path.suffix}"
