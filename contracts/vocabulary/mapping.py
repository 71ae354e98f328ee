"""A code list in the words of an outside standard, and back.

Outward, a code that the standard cannot say has no word there (None); inward, a word that several
codes share comes back as the one that `back` names, and the others are the mapping's losses. What
is lost is listed (docs/reference/vocabulary.md), never hidden.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SAME: Final = "same"
"""Written instead of pairs where the standard uses our codes as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardMapping:
    """One list in one standard: our code -> theirs (``outward``), theirs -> ours (``inward``)."""

    field: str
    outward: Mapping[str, str]
    inward: Mapping[str, str]
    unsaid: tuple[str, ...]
    """Codes that the standard has no word for."""

    @property
    def losses(self) -> Mapping[str, str]:
        """Code -> the code that it comes back as, for those that do not come back as themselves."""
        returned = {code: self.inward[theirs] for code, theirs in self.outward.items()}
        return {code: back for code, back in returned.items() if back != code}


def read_mapping(row: Mapping[str, Any], codes: tuple[str, ...], fallback: str) -> StandardMapping:
    """Check one mapping; ValueError says what is wrong with it.

    ``row`` is ``{field, to: {code: word} or same, back: {word: code}}``.
    """
    same = {code: code for code in codes if code != fallback}
    outward: dict[str, str] = same if row["to"] == SAME else dict(row["to"])
    chosen: dict[str, str] = dict(row.get("back", {}))
    if strange := set(outward) - set(codes):
        raise ValueError(f"no such code: {', '.join(sorted(strange))}")
    shared = {word for word, times in Counter(outward.values()).items() if times > 1}
    if shared != set(chosen):
        raise ValueError(f"`back` names just the shared words: {', '.join(sorted(shared))}")
    if wrong := sorted(word for word, code in chosen.items() if outward.get(code) != word):
        raise ValueError(f"comes back as a code that does not go there: {', '.join(wrong)}")
    return StandardMapping(
        field=row["field"],
        outward=outward,
        inward={word: code for code, word in outward.items()} | chosen,
        unsaid=tuple(code for code in codes if code not in outward),
    )
