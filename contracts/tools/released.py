"""Released schemas are frozen: a copy and its hash are kept, and neither may ever change.

Everything is draft until the first release; ``python -m contracts.tools release TYPE`` freezes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from contracts.catalogue import CATALOGUE
from contracts.tools.compare import breaking_changes
from contracts.tools.schemas import CONTRACTS, as_text, schema_of

RELEASED: Final = CONTRACTS / "released"
INDEX: Final = "index.json"


def _index(folder: Path) -> dict[str, str]:
    path = folder / INDEX
    loaded: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return loaded


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _file(dataschema: str) -> str:
    return f"{dataschema.rsplit(':', 1)[1]}.schema.json"


def release(event_type: str, folder: Path = RELEASED) -> str:
    """Freeze today's schema of ``event_type``; returns its name. ValueError if already frozen."""
    spec = CATALOGUE[event_type]
    index = _index(folder)
    if spec.dataschema in index:
        raise ValueError(f"{spec.dataschema} is released already: raise the minor version")
    text = as_text(schema_of(spec))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _file(spec.dataschema)).write_text(text, encoding="utf-8")
    index[spec.dataschema] = _hash(text)
    (folder / INDEX).write_text(as_text(dict(sorted(index.items()))), encoding="utf-8")
    return spec.dataschema


def frozen_problems(folder: Path = RELEASED) -> list[str]:
    """Released files that are gone or were changed, or that nobody registered."""
    found = []
    index = _index(folder)
    for name, expected in index.items():
        path = folder / _file(name)
        if not path.is_file():
            found.append(f"{name}: the released schema is gone")
        elif _hash(path.read_text(encoding="utf-8")) != expected:
            found.append(f"{name}: the released schema was changed")
    known = {_file(name) for name in index} | {INDEX}
    if folder.is_dir():
        found += [
            f"{path.name}: stands among the released schemas but not in the index"
            for path in sorted(folder.iterdir())
            if path.name not in known
        ]
    return found


def compatibility_problems(
    candidates: dict[str, dict[str, Any]], folder: Path = RELEASED
) -> list[str]:
    """Breaking differences between every released schema and the candidate of the same type.

    ``candidates``: today's schema by event type.
    """
    found = []
    for name in _index(folder):
        path = folder / _file(name)
        if not path.is_file():
            continue
        old = json.loads(path.read_text(encoding="utf-8"))
        new = candidates.get(old["x-nrm-type"])
        if new is None:
            found.append(f"{name}: the type is no longer in the catalogue")
            continue
        found += [f"{name}: {change}" for change in breaking_changes(old, new)]
        if old["$id"] == new["$id"] and old != new:
            found.append(f"{name}: changed without a new minor version")
    return found
