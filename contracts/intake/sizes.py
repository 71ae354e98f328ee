"""How long a list of codes in what an agency tells may be."""

from pydantic import Field

Codes = Field(max_length=20)
