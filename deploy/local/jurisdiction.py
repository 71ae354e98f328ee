"""By which jurisdiction's numbers a stack runs: what NRM_PROFILE names, or the services' default.

The numbers are files of ``contracts/vocabulary/profiles``; nothing of them may be in here.
"""

from __future__ import annotations

import os
from typing import Final

from contracts.vocabulary.profile import known_profiles
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, read_json
from services.chassis.environment import GLOBALS, ServiceSettings

SETTING: Final = GLOBALS["profile"]
DEFAULT: Final = str(ServiceSettings.model_fields["profile"].default)


def wanted_profile() -> str | None:
    """Return the profile that NRM_PROFILE asks for, None when it is not set."""
    given = os.environ.get(SETTING) or None
    if given is not None and given not in known_profiles():
        raise StackFailure(f"{SETTING} must be one of {', '.join(known_profiles())}.")
    return given


def profile_of(state: StateFolder) -> str:
    """Return the profile by which the stack of this state was started last."""
    return str(read_json(state.stack).get("profile", DEFAULT))


def must_be_the_wanted(state: StateFolder) -> None:
    """Refuse a stack that runs by another profile than NRM_PROFILE asks for."""
    wanted, runs_by = wanted_profile(), profile_of(state)
    if wanted not in (None, runs_by):
        raise StackFailure(
            f"The stack runs by the profile {runs_by}: run `nrm down`, then start it again."
        )
