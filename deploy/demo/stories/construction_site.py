"""`construction-site`: a man back from abroad, his passport gone.

A border guard's system reports him on Kafka; the interior authority identifies him; the Red Cross
visits him and teaches him a trade; the outcome comes back; a noisy count reaches everybody.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import Any

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "construction-site"
IDENTITY: dict[str, Any] = {
    "names": [{"full": "Mikalai Invented-Kavalchuk", "script": "Latn"}],
    "documents": [{"kind": "passport", "number": "INVENTED-0042", "country": "BY"}],
    "birth_year": 1988,
}
CELLS = {
    "detected-total": ["total"],
    "detected-by-exploitation": [
        *("forced-labour", "sexual", "multiple", "other", "not-yet-known"),
    ],
    "identified-total": ["total"],
    "assisted-by-service": ["accommodation", "legal", "health", "livelihood", "other"],
}
SIGMA_SQUARED = Fraction(10)
"""Four tables cost a fifth of a person-year: four tellings in one business year, then reset."""


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.say("a border guard meets a man back from a construction site abroad, passport gone")
    at_border, at_interior = loop.hand_over(stage, NAME)
    stage.agency(loop.BORDER).put_person(at_border, IDENTITY)
    stage.say("the interior authority screens, presumes, waits for his reflection, identifies")
    loop.identify(stage, at_interior)
    refer(stage, at_interior)
    release = count(stage)
    stage.say(f"release {release['release_id'][:8]} is out, with an interval for every number")


def refer(stage: Stage, at_interior: str) -> None:
    """He agrees that the Red Cross may know; two needs, in parallel."""
    interior = stage.agency(loop.INTERIOR)
    stage.say("he agrees that the Red Cross may help: nursing visits, and a trade to learn")
    interior.tells(
        "consent-recorded", at_interior, loop.consent(stage, ["referral"], [loop.REDCROSS])
    )
    needs = {new_id(): "nursing-visit", new_id(): "vocational"}
    interior.tells("referral-requested", at_interior, loop.request(needs, "routine", language="ru"))
    for need_id, service in needs.items():
        task = loop.accept(stage, NAME, (loop.INTERIOR, loop.REDCROSS), service)
        units = ("visit", 3) if service == "nursing-visit" else ("session", 2)
        loop.deliver(stage, loop.REDCROSS, task, units)
        loop.loop_closed(stage, loop.INTERIOR, need_id)
        stage.say(f"{service}: {units[1]} {units[0]}s given, the loop is closed")


def count(stage: Stage) -> dict[str, Any]:
    """A plan is published; each node adds noise and contributes; the release comes out."""
    stage.say("a statistician publishes a plan; each node adds its noise before anything leaves")
    plan = a_plan(stage)
    answer = stage.post("hub.statistics.publisher", "/v1/plans", "statistician", plan)
    stage.must(answer.status_code == 201, f"the plan was answered {answer.status_code}")
    for node in plan["roster"]:
        stage.until(f"the plan at {node}", partial(_knows_plan, stage, node, plan))
    stage.move_clock(timedelta(days=9, hours=12))
    for node in plan["roster"]:
        stage.until(f"{node}'s contribution", partial(_contributed, stage, node, plan))
    stage.until("all contributions at the custodian", lambda: _all_received(stage, plan))
    stage.move_clock(timedelta(days=1))
    stage.until("the manifest", lambda: _manifest(stage, plan))
    stage.until("the sum at the publisher", lambda: _has_sum(stage, plan))
    stage.move_clock(timedelta(days=30))
    return dict(stage.until("the release", lambda: _release(stage, plan), 60.0))


def a_plan(stage: Stage) -> dict[str, Any]:
    """The year so far, preliminary, national tables only."""
    start, now = stage.now() - timedelta(days=200), stage.now()
    rho = Fraction(1, 2) / SIGMA_SQUARED
    return {
        "plan_id": new_id(),
        "dataset": f"brest-pilot-{new_id()[:8]}",
        "protocol": "source-noise",
        "vintage": "P",
        "period_start": start.isoformat(),
        "period_end": now.isoformat(),
        "cut_off_at": (now + timedelta(minutes=1)).isoformat(),
        "window_closes_at": (now + timedelta(days=10)).isoformat(),
        "publish_at": (now + timedelta(days=40)).isoformat(),
        "minimum_nodes": 3,
        "roster": [loop.BORDER, loop.INTERIOR, loop.REDCROSS, loop.NGO],
        "custodians": ["custodian-one"],
        "tables": [
            {
                "table": table,
                "cells": cells,
                "clip": 1,
                "rho": f"{rho.numerator}/{rho.denominator}",
                "sigma_squared": f"{SIGMA_SQUARED.numerator}/{SIGMA_SQUARED.denominator}",
            }
            for table, cells in CELLS.items()
        ],
    }


def _knows_plan(stage: Stage, node: str, plan: dict[str, Any]) -> bool:
    return plan["plan_id"] in {each["plan_id"] for each in _contributions(stage, node)}


def _contributed(stage: Stage, node: str, plan: dict[str, Any]) -> bool:
    mine = [each for each in _contributions(stage, node) if each["plan_id"] == plan["plan_id"]]
    for each in mine:
        stage.must(
            not each["refused"],
            f"{node} refuses to contribute: its privacy ledger of this year is spent "
            "(tell the story on a state of its own: --state)",
        )
    return any(each["submission_id"] for each in mine)


def _contributions(stage: Stage, node: str) -> list[dict[str, Any]]:
    answer = stage.get(f"{node}.statistics.contributor", "/v1/contributions", "statistician")
    return list(answer.json()) if answer.status_code == 200 else []


def _all_received(stage: Stage, plan: dict[str, Any]) -> bool:
    answer = stage.get("custodian-one.statistics.custodian", "/v1/plans", "statistician")
    received = {each["plan_id"]: each["nodes_received"] for each in answer.json()}
    return bool(received.get(plan["plan_id"], 0) == len(plan["roster"]))


def _has_sum(stage: Stage, plan: dict[str, Any]) -> bool:
    path = f"/v1/plans/{plan['plan_id']}"
    answer = stage.get("hub.statistics.publisher", path, "statistician")
    return answer.status_code == 200 and bool(answer.json()["summed"])


def _manifest(stage: Stage, plan: dict[str, Any]) -> dict[str, Any] | None:
    answer = stage.get("custodian-one.statistics.custodian", "/v1/manifests", "statistician")
    return next((each for each in answer.json() if each["plan_id"] == plan["plan_id"]), None)


def _release(stage: Stage, plan: dict[str, Any]) -> dict[str, Any] | None:
    listed = stage.get("hub.statistics.publisher", "/v1/releases").json()
    found = next((each for each in listed if each["plan_id"] == plan["plan_id"]), None)
    if found is None:
        return None
    answer = stage.get("hub.statistics.publisher", f"/v1/releases/{found['release_id']}")
    release: dict[str, Any] = answer.json()
    stage.release = release
    return release
