"""Settings of assistance, read once by ``main``. No number of a rule may be one of them."""

from typing import Final

from services.chassis.environment import ServiceSettings

SERVICE: Final = "assistance"


class Settings(ServiceSettings):
    """What assistance needs to know: no more than every service does."""

    service: str = SERVICE
    database_schema: str = SERVICE
