"""Every table is in the list of what is kept how long, and what goes by age is really deleted."""

import re
from datetime import timedelta
from pathlib import Path

from services.chassis.retention import TRACES
from services.gateway.settings import Settings as GatewaySettings
from services.gateway.store import retention as gateway
from services.referral.store import retention as referral

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "retention.md"
TABLE = re.compile(r"create table (?:if not exists )?(\w+)", re.IGNORECASE)
RENAMED = re.compile(r"alter table (\w+) rename to (\w+)", re.IGNORECASE)
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
DAY = timedelta(days=1)
ELSEWHERE = {"door_seen", "inbox_known"}
"""Deleted by the door and by the sweep of each consumer."""


def tables() -> set[str]:
    """Every table that a migration makes, by its last name."""
    migrations = ROOT.glob("services/**/migrations/**/[0-9]*.py")
    texts = [path.read_text("utf-8") for path in migrations]
    renamed = dict(pair for text in texts for pair in RENAMED.findall(text))
    made = {name for text in texts for name in TABLE.findall(text)}
    return {renamed.get(name, name) for name in made}


def listed(text: str) -> list[str]:
    """Every table in the first column of the page."""
    return [name.strip("` ") for row in ROW.findall(text) for name in row.split(",")]


def test_every_table_says_how_long_it_is_kept() -> None:
    named = listed(PAGE.read_text(encoding="utf-8"))
    assert len(tables()) > 40
    assert set(named) == tables()
    assert len(named) == len(set(named))


def test_what_is_listed_as_deleted_by_age_is_deleted_by_age() -> None:
    text = PAGE.read_text(encoding="utf-8")
    by_age = text.partition("## Deleted by age")[2].partition("\n## ")[0]
    kept = gateway.Kept(feeds=DAY, answers=DAY, original_codes=DAY, exchange=DAY)
    keeps = {keep.name for keep in (*gateway.keeps(kept), *referral.keeps(DAY))}
    assert "subject_trace" in TRACES.sql
    assert set(listed(by_age)) == keeps | {"subject_trace"} | ELSEWHERE


def test_the_days_of_the_list_are_those_of_the_settings() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ("feed_days", "answer_days", "original_code_days", "exchange_days"):
        (row,) = [line for line in text.splitlines() if f"NRM_GATEWAY__{name.upper()}`" in line]
        assert f"{GatewaySettings.model_fields[name].default} days" in row
