"""What travels between two gateways: the record's head, the receipt, the withdrawal notice.

A head is alike for every record of a pair, so that it says nothing about what is inside.
"""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Digest, Flag, Node, Reference, Time

REFERENCES_LIMIT = 20
Number = Annotated[int, Field(ge=0, json_schema_extra={"x-nrm-class": "count"})]


class ExchangeHead(Contract):
    """Outside of an exchange record. ``seq`` is gapless from 1 within an epoch of the pair."""

    v: Number
    id: Reference
    sender: Node
    recipient: Node
    epoch: Number
    seq: Number
    registry_version: Number
    registry_hash: Digest
    not_after: Time
    suite: Number
    key_id: Number


class Receipt(Contract):
    """State of the receiver, repeated by timer, read on arrival, never acknowledged."""

    at: Number
    epoch: Number
    upto: Number
    head: Digest
    stuck: Flag


class SharingWithdrawn(Contract):
    """Notice: freeze what you hold under this reference (the subject). Can only be delayed.

    ``references``: others that this recipient has of the same case, ended with it.
    """

    withdrawn_at: Time
    references: Annotated[tuple[Reference, ...], Field(max_length=REFERENCES_LIMIT)] = ()
