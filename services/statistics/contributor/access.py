"""Who may ask the contributor for what: its own node's officers, for exact counts of the node.

Exact counts are internal: they are never sent by the software. Which cases are counted only the
program learns that writes the report.
"""

from collections.abc import Mapping
from typing import Final

ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", "/v1/contributions"): frozenset({"statistician", "operator"}),
    ("GET", "/v1/counts"): frozenset({"statistician"}),
    ("GET", "/v1/counted/{table}"): frozenset({"report-writer"}),
}
