"""Is a new version of a schema safe beside a released one, in both directions?

Producers are closed and readers are open. So for a released schema *r* and the candidate *c*,
what a closed producer of either writes must be read by an open reader of the other. In the
subset of ``lint.py`` that leaves one kind of change: optional properties come and go.
"""

from collections.abc import Iterator
from typing import Any, Final

from contracts.tools.schemas import without_null

MEANING: Final = (
    "type",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "additionalProperties",
    "x-nrm-class",
    "x-nrm-codelist",
    "x-nrm-registry",
)


def breaking_changes(released: dict[str, Any], candidate: dict[str, Any]) -> list[str]:
    """Every breaking difference, as sentences; empty when both directions hold."""
    return [*_differences(released, candidate, "")]


def _differences(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    where = path or "the body"
    old, old_nullable = without_null(old)
    new, new_nullable = without_null(new)
    if old_nullable != new_nullable:
        yield f"{where}: may be null in one version only"
    for keyword in MEANING:
        if old.get(keyword) != new.get(keyword):
            yield f"{where}: {keyword} changed"
    yield from _properties(old, new, path)
    if "items" in old and "items" in new:
        yield from _differences(old["items"], new["items"], f"{path}[]")


def _properties(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() | after.keys()):
        inner = f"{path}.{name}" if path else name
        if name not in after:
            if name in required_before:
                yield f"{inner}: was required and is gone"
        elif name not in before:
            if name in required_after:
                yield f"{inner}: is new and required"
        else:
            if (name in required_before) != (name in required_after):
                yield f"{inner}: required in one version only"
            yield from _differences(before[name], after[name], inner)
