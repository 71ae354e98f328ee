"""Who may ask a custodian for what."""

from collections.abc import Mapping
from typing import Final

ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", "/v1/manifests"): frozenset({"statistician", "operator"}),
    ("GET", "/v1/plans"): frozenset({"statistician", "operator"}),
}
