"""Pages with much on them: consents and restrictions in whole, and help that came to nothing."""

from datetime import timedelta
from typing import Any

from tests.support.console_bench import (
    CASE,
    HELPED,
    NOW,
    POOL,
    TASK,
    a_need,
    a_request,
    a_sent_task,
    told,
)
from tests.support.console_registers import CONSENT, OF_A_CLASS, RESTRICTION


def much_shown() -> dict[str, Any]:
    """A case of which somebody was told, and not told, as much as a page can say."""
    need = a_need(
        need_id=TASK,
        service_type="nursing-visit",
        state="escalated",
        round=3,
        told="oblast-coordinator",
        told_agency="executive-brest",
    )
    tasks = [
        a_sent_task(task_id=HELPED, state="declined", reason="conflict-of-interest"),
        a_sent_task(task_id=POOL, state="not-sent", reason="consent-withdrawn"),
        a_sent_task(state="delivered"),
    ]
    asked = a_request(needs=[told(need)], tasks=tasks, return_of=str(HELPED))
    closed = a_request(request_id=str(HELPED), over=True)
    over = (NOW - timedelta(days=1)).isoformat()
    ended = {**RESTRICTION, "agency": "ngo-brest", "valid_until": over}
    return {
        "referral/v1/requests": [asked, closed],
        f"referral/v1/requests/{TASK}": asked,
        f"gateway/v1/cases/{CASE}/consents": {"consents": [CONSENT, OF_A_CLASS]},
        f"gateway/v1/cases/{CASE}/restrictions": {"restrictions": [RESTRICTION, ended]},
    }
