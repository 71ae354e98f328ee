"""What the exchange of two gateways tells."""

from typing import Final

from contracts import exchange
from contracts.catalogue.rows import ADDRESSED, Fact

FACTS: Final = (
    Fact("receipt", "nrm.exchange", exchange.Receipt, ADDRESSED),
    Fact("sharing-withdrawn", "nrm.exchange", exchange.SharingWithdrawn, ADDRESSED),
)
