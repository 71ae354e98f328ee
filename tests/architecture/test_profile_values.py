"""A profile names no clock and no limit that does not run: each value is read by some code."""

import re
from pathlib import Path

import pytest

from contracts.vocabulary.profile import VALUES

ROOT = Path(__file__).parents[2]
READ = re.compile(r"[\"']([a-z0-9_]*(?:\{[^{}]+\}[a-z0-9_]*)*)[\"']")


def _names() -> set[str]:
    """Every word in quotes that a service, the console or the profile itself reads with."""
    sources = [path for room in ("services", "console") for path in (ROOT / room).rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    own = (ROOT / "contracts" / "vocabulary" / "profile.py").read_text(encoding="utf-8")
    text += "".join(re.findall(r"values\[\"[a-z_]+\"\]", own))
    return set(READ.findall(text))


NAMES = _names()
PLAIN = {name for name in NAMES if "{" not in name}
MADE = [
    re.compile("[a-z0-9_]+".join(map(re.escape, re.split(r"\{[^{}]+\}", name))))
    for name in NAMES
    if "{" in name and len(re.sub(r"\{[^{}]+\}", "", name)) > 6
]


@pytest.mark.parametrize("value", sorted(VALUES))
def test_a_value_of_the_profiles_is_read(value: str) -> None:
    assert value in PLAIN or any(made.fullmatch(value) for made in MADE)


def test_a_value_that_nobody_reads_would_be_seen() -> None:
    assert not any(made.fullmatch("draft_forgotten_days") for made in MADE)
    assert "draft_forgotten_days" not in PLAIN
