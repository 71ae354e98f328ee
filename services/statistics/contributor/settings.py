"""What the contributor of a node can be told."""

from typing import Final

from pydantic import Field

from services.chassis.environment import ServiceSettings

SERVICE: Final = "statistics.contributor"


class Settings(ServiceSettings):
    """Settings of a node's contributor."""

    service: str = SERVICE
    ledger_cap: str = Field(default="95/100", pattern=r"^[0-9]{1,6}/[1-9][0-9]{0,5}$")
    """Most privacy loss (zero-concentrated rho) spent per calendar year, over all datasets."""
