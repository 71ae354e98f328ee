"""Settings of identification, read once by ``main``. No number of a law may be one of them."""

from typing import Final

from services.chassis.environment import ServiceSettings

SERVICE: Final = "identification"


class Settings(ServiceSettings):
    """What identification needs to know: no more than every service does."""

    service: str = SERVICE
    database_schema: str = SERVICE
