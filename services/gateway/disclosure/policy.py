"""The policy as this node's services get it: a verified copy of the registry, nothing added."""

from contracts.gateway import PermittedPair, PolicyCopied, PolicyParticipant


def policy_copied(registry: PolicyCopied) -> PolicyCopied:
    """The policy in force from now on, field by field."""
    return PolicyCopied(
        version=registry.version,
        valid_until=registry.valid_until,
        participants=tuple(
            PolicyParticipant(
                node=each.node,
                agency_type=each.agency_type,
                sector=each.sector,
                status=each.status,
                powers=each.powers,
                oblasts=each.oblasts,
            )
            for each in registry.participants
        ),
        pairs=tuple(
            PermittedPair(sender=each.sender, recipient=each.recipient, purposes=each.purposes)
            for each in registry.pairs
        ),
    )
