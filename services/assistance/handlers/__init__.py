"""Load, allow, decide, record, disclose; the tables of subscriptions and deadlines end the room."""

from services.assistance.handlers.contracts import exact_report, list_contracts, write_statement
from services.assistance.handlers.places import tell_places
from services.assistance.handlers.plans import PlanView, list_plans
from services.assistance.handlers.reading import (
    EpisodeView,
    belongings_of,
    find_episodes,
    list_episodes,
    list_lasting_stays,
    list_pools,
    read_episode,
)
from services.assistance.handlers.recording import Context
from services.assistance.handlers.tables import deadlines, subscriptions

__all__ = [
    "Context",
    "EpisodeView",
    "PlanView",
    "belongings_of",
    "deadlines",
    "exact_report",
    "find_episodes",
    "list_contracts",
    "list_episodes",
    "list_lasting_stays",
    "list_plans",
    "list_pools",
    "read_episode",
    "subscriptions",
    "tell_places",
    "write_statement",
]
