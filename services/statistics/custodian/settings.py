"""What a custodian can be told."""

from typing import Final

from services.chassis.environment import ServiceSettings

SERVICE: Final = "statistics.custodian"


class Settings(ServiceSettings):
    """Settings of a custodian."""

    service: str = SERVICE
