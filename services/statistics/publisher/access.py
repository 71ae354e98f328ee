"""Who may ask the publisher for what: releases are for everybody, plans are a statistician's."""

from collections.abc import Mapping
from typing import Final

PUBLIC: Final = frozenset({"public"})

ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("POST", "/v1/plans"): frozenset({"statistician"}),
    ("GET", "/v1/plans/{plan_id}"): frozenset({"statistician", "operator"}),
    ("GET", "/v1/releases"): PUBLIC,
    ("GET", "/v1/releases/{release_id}"): PUBLIC,
    ("GET", "/v1/releases/{release_id}/tables/{table}.csv"): PUBLIC,
}
