"""What the publisher can be told."""

from typing import Final

from pydantic import Field

from services.chassis.environment import ServiceSettings

SERVICE: Final = "statistics.publisher"


class Settings(ServiceSettings):
    """Settings of the publisher."""

    service: str = SERVICE
    ledger_cap: str = Field(default="95/100", pattern=r"^[0-9]{1,6}/[1-9][0-9]{0,5}$")
    """Most privacy loss (zero-concentrated rho) the plans of one calendar year may ask together."""
