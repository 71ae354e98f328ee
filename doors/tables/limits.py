"""What bounds a file at the door: everything that a person could type by hand for a year fits."""

from typing import Final

FILE_BYTES: Final = 20_000_000
UNPACKED_BYTES: Final = 200_000_000
"""Of a workbook, which is a ZIP: more than this is no table of people but a bomb."""
ROWS: Final = 20_000
EMPTY_ROWS: Final = 100_000
"""Behind which not even an empty row may stand: a sheet says that it has a million."""
COLUMNS: Final = 200
CELL_LENGTH: Final = 2_000
MAPPING_BYTES: Final = 500_000
WORDS_IN_A_CELL: Final = 20
