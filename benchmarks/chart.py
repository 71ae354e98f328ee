"""One picture for each job, as vector graphics: a panel for a figure, a bar for an alternative.

The bar is the median over the rounds, the thin line on it goes from the lowest to the highest.
Written out here because this one kind of picture needs no library. No figure is computed here.
"""

from collections.abc import Mapping
from html import escape
from typing import Final

from benchmarks.figures import Spread

WIDTH: Final = 860
NAMES_WIDTH: Final = 300
BARS_WIDTH: Final = 390
MARGIN: Final = 20
TITLE_HEIGHT: Final = 44
PANEL_HEAD: Final = 30
ROW_HEIGHT: Final = 26
BAR_HEIGHT: Final = 14
NAME_LIMIT: Final = 44
WHOLE: Final = 100
"""What a bar of a share is drawn against."""
OURS: Final = "#1b6e8c"
OTHERS: Final = "#b9c4cb"
STYLE: Final = (
    "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;fill:#1d2730}"
    ".title{font-size:17px;font-weight:600}.panel{font-size:12px;fill:#5a6872}"
)

Found = Mapping[str, Mapping[str, Spread]]
"""By alternative, by figure."""


def number(value: float) -> str:
    """As a person reads it: three digits, and thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def chart(title: str, found: Found, units: Mapping[str, str]) -> str:
    """The picture of one job; ``units``: the figures to draw, and the words for each."""
    parts: list[str] = []
    top = TITLE_HEIGHT
    for figure, unit in units.items():
        rows = {name: figures[figure] for name, figures in found.items() if figure in figures}
        if rows:
            parts += _panel(top, unit, rows)
            top += PANEL_HEAD + ROW_HEIGHT * len(rows)
    height = top + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
            f' viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(MARGIN, 28, title, "title"),
            *parts,
            "</svg>",
            "",
        ]
    )


def _panel(top: float, unit: str, rows: Mapping[str, Spread]) -> list[str]:
    highest = max((spread.highest for spread in rows.values()), default=0) or 1
    longest = WHOLE if unit.startswith("%") else highest
    parts = [_text(MARGIN + NAMES_WIDTH, top + 18, unit, "panel")]
    for place, (name, spread) in enumerate(rows.items()):
        parts += _bar(top + PANEL_HEAD + ROW_HEIGHT * place, name, spread, longest)
    return parts


def _bar(top: float, name: str, spread: Spread, longest: float) -> list[str]:
    left, middle = MARGIN + NAMES_WIDTH, top + BAR_HEIGHT / 2
    low, wide, high = (
        BARS_WIDTH * value / longest for value in (spread.lowest, spread.median, spread.highest)
    )
    colour = OURS if name.startswith("ours") else OTHERS
    return [
        _text(left - 10, top + 12, _short(name), "", anchor="end"),
        f'<rect x="{left}" y="{top:.0f}" width="{max(wide, 1):.1f}" height="{BAR_HEIGHT}"'
        f' rx="2" fill="{colour}"/>',
        f'<path d="M{left + low:.1f} {middle:.1f}H{left + high:.1f}" stroke="#1d2730"/>',
        _text(left + max(high, 1) + 8, top + 12, number(spread.median), ""),
    ]


def _short(name: str) -> str:
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1] + "…"


def _text(at: float, down: float, words: str, kind: str, anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{at:.0f}" y="{down:.0f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'
