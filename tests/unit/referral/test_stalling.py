"""Which routes stand, and what a collector is told of them."""

from datetime import timedelta
from pathlib import Path

from contracts.vocabulary import load_profile
from services.chassis.clock import FrozenClock
from services.chassis.telemetry import Telemetry
from services.referral.domain.stalling import Waiting, stalled
from services.referral.handlers import StallWatch
from tests.support.settings import plain_settings
from tests.unit.referral.builders import NOW

BY = load_profile("BY-draft")


def waiting(agency: str, urgency: str, **ago: int) -> Waiting:
    return Waiting(agency=agency, urgency=urgency, since=NOW - timedelta(**ago))


def test_a_route_stands_after_the_profiles_time_for_the_urgency() -> None:
    assert stalled([waiting("a", "emergency", minutes=15)], NOW, BY) == {}
    late = waiting("a", "emergency", minutes=15, seconds=1)
    assert stalled([late], NOW, BY) == {"a": NOW - late.since}
    assert stalled([waiting("a", "routine", hours=24)], NOW, BY) == {}
    assert set(stalled([waiting("a", "routine", hours=25)], NOW, BY)) == {"a"}


def test_the_oldest_on_a_route_is_told() -> None:
    both = [waiting("a", "routine", hours=30), waiting("a", "emergency", hours=1)]
    assert stalled(both, NOW, BY) == {"a": timedelta(hours=30)}


def test_only_routes_that_stand_are_told_and_never_how_many_wait(tmp_path: Path) -> None:
    telemetry = Telemetry(plain_settings(tmp_path))
    watch = StallWatch(None, FrozenClock(NOW), telemetry, BY)  # type: ignore[arg-type]  # no rows
    watch.tell([waiting("a", "routine", hours=30), waiting("b", "routine", hours=1)], NOW)
    told = telemetry.render_metrics().decode()
    assert 'nrm_route_stalled_seconds{route="a"} 108000.0' in told
    assert 'route="b"' not in told
    watch.tell([], NOW)
    assert "route=" not in telemetry.render_metrics().decode()
    telemetry.close()
