"""The exchange half of the gateway: what leaves the node, what comes in, and how both sides agree.

Outside this folder only what is named here is used.
"""

from services.gateway.handlers.exchange.context import ExchangeContext, ExchangeLimits
from services.gateway.handlers.exchange.notices import stop_sharing
from services.gateway.handlers.exchange.outgoing import outgoing_subscriptions
from services.gateway.handlers.exchange.pairs import exchange_parts
from services.gateway.handlers.exchange.statistics import hub_subscriptions

__all__ = [
    "ExchangeContext",
    "ExchangeLimits",
    "exchange_parts",
    "hub_subscriptions",
    "outgoing_subscriptions",
    "stop_sharing",
]
