"""Who signs in to the pages on the bench, and what each service would open to them."""

from collections.abc import Mapping

import httpx
from starlette.routing import compile_path

from services.assistance.access import ROUTES as ASSISTANCE
from services.chassis.gate import AccessTable
from services.gateway.access.routes import ROUTES as GATEWAY
from services.identification.access import ROUTES as IDENTIFICATION
from services.referral.access import ACCESS as REFERRAL

PEOPLE: Mapping[str, frozenset[str]] = {
    "nurse": frozenset({"provider-intake", "capacity-clerk"}),
    "case-worker": frozenset({"case-officer"}),
    "guard": frozenset({"detector"}),
    "on-duty": frozenset({"duty-officer"}),
    "supervisor": frozenset({"supervisor"}),
    "operator": frozenset({"operator"}),
    "privacy-officer": frozenset({"data-protection-officer"}),
}
OPEN_TO: Mapping[str, AccessTable] = {
    "gateway": GATEWAY,
    "identification": IDENTIFICATION,
    "referral": REFERRAL,
    "assistance": ASSISTANCE,
}
"""Each service's own table: what it would not open to somebody is not opened here either."""


def may_call(request: httpx.Request) -> bool:
    """Whether the service has this route and opens it to whoever calls."""
    person = request.headers["authorization"].removeprefix("Bearer token-of-")
    return any(
        method == request.method
        and compile_path(template)[0].match(request.url.path)
        and PEOPLE.get(person, frozenset()) & allowed
        for (method, template), allowed in OPEN_TO[request.url.host].items()
    )
