"""Tables of invented people, and the mapping of a border post."""

from pathlib import Path

from doors.identifiers import DoorKey
from doors.tables.mapping import MappingFile, read_mapping_file
from doors.tables.reading import rows_of
from doors.tables.rows import ReadyRow

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "docs" / "how-to" / "samples" / "tables"
SAMPLE = SAMPLES / "border-brest.csv"
KEY = DoorKey(b"k" * 32)
HEADER = (
    "Номер записи;ФИО;Год рождения;Телефон;Телефон безопасен;Дата встречи;Вид случая;Возраст;"
    "Опасность сейчас;Область;Гражданство;Эксплуатация;Язык;Согласие"
)
CANARY = "Иванна Канарейкина"


def the_mapping() -> MappingFile:
    """The committed sample's own."""
    return read_mapping_file(SAMPLES / "border-brest.yaml")


def a_row(number: str = "1", **cells: str) -> str:
    """A sound row, some cells changed by their column's heading (spaces as underscores)."""
    row = dict.fromkeys(HEADER.split(";"), "") | {
        "Номер записи": number,
        "ФИО": CANARY,
        "Дата встречи": "16.02.2026",
        "Вид случая": "Торговля людьми",
        "Возраст": "взрослый",
        "Опасность сейчас": "нет",
        "Область": "Брестская область",
        "Согласие": "да",
        "Язык": "рус.",
    }
    row |= {name.replace("_", " "): text for name, text in cells.items()}
    return ";".join(row.values())


def a_table(*rows: str, header: str = HEADER) -> str:
    """A CSV as text."""
    return "\r\n".join((header, *rows, ""))


def read(document: bytes, mapping: MappingFile | None = None) -> list[ReadyRow]:
    """The rows of a document."""
    return list(rows_of(document, mapping or the_mapping(), KEY).read())
