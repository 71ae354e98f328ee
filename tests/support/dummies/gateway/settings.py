"""Settings of a stand-in."""

from services.chassis.environment import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own."""

    service: str = "gateway"
