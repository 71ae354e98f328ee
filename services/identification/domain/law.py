"""Who may detect, identify, agree to a revocation: as the profile says, by agency type.

The registry says which agency has a power; a power that the law of the profile does not give to
its type counts for nothing.
"""

from contracts.vocabulary import Profile
from services.identification.domain.hand_over import IDENTIFY, Policy


def powers_by_law(agency_type: str, powers: frozenset[str], profile: Profile) -> frozenset[str]:
    """The powers of the registry that the profile lets an agency of this type have."""
    if agency_type in profile.codes("identifying_agency_types"):
        return powers
    return powers - {IDENTIFY}


def this_agency_may_detect(policy: Policy, node: str, profile: Profile) -> bool:
    """Anyone whom the registry does not list, or whose type the profile names."""
    agency_type = policy.type_of(node)
    return agency_type is None or agency_type in profile.codes("detecting_agency_types")


def may_agree_to_revoke(policy: Policy, node: str, second: str, profile: Profile) -> bool:
    """Another agency, active, of a type that the profile names."""
    types = profile.codes("revocation_authority_types")
    return second != node and any(
        found.node == second and found.active and found.agency_type in types
        for found in policy.participants
    )
