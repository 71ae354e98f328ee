"""What a row of the catalogue says; the rows stand in the files beside this one, by owner."""

from typing import NamedTuple

from contracts.envelope import Classification, Contract


class Told(NamedTuple):
    """One thing that an agency's system may tell, and the command that it becomes.

    ``command`` is empty where the gateway itself decides.
    """

    happened: str
    command: str
    model: type[Contract]


class Fact(NamedTuple):
    """One thing that a service publishes. ``never_waits``: handled at once, whatever stands before.

    ``topic`` is the suffix of a local topic or, when it begins with ``nrm.``, a topic of the hub.
    """

    happened: str
    topic: str
    model: type[Contract]
    classification: Classification
    never_waits: bool = False


CASE, ADDRESSED = Classification.CASE_CODED, Classification.ADDRESSED
NODE, AGGREGATE = Classification.NODE_CODED, Classification.AGGREGATE
