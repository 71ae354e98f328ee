"""Settings: read once, from the environment, into a frozen object, by ``main`` alone.

Every variable is ``NRM_<SERVICE>__<FIELD>``; ``NRM_DEMO`` and ``NRM_CLOCK`` are for the whole
process. A value of a setting may never be printed, logged or put into an error: it may be a key.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import orjson
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contracts.envelope import NODE_PATTERN
from services.chassis.errors import Misuse, NrmError, SettingsWrong

GLOBALS: Final[Mapping[str, str]] = {
    "demo": "NRM_DEMO",
    "clock": "NRM_CLOCK",
    "profile": "NRM_PROFILE",
}
"""Settings that are a whole node's: no service of it may have another one."""
EXIT_SETTINGS_WRONG: Final = 2
SERVICE_PATTERN: Final = r"^[a-z]+(\.[a-z]+)?$"


class ServiceSettings(BaseSettings):
    """What every service needs to know. A service adds its own fields and sets ``service``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    node: str = Field(pattern=NODE_PATTERN)
    """The agency's node that this process belongs to, as the registry names it."""
    service: str = Field(pattern=SERVICE_PATTERN)
    """The service's own name; each service sets it, nobody else needs to."""
    slot: int = Field(default=0, ge=0, le=999)
    """Which of several equal processes this is; names its membership in consumer groups."""
    profile: str = Field(default="BY-draft", max_length=40)
    """The jurisdiction's numbers: a file of ``contracts/vocabulary/profiles``, without ending."""
    demo: bool = False
    """Whether the demo may move the clock and end the process at failpoints. Never in earnest."""
    clock: str = "system"
    """``system``, or ``file:`` and the path of an offset in seconds (only with ``NRM_DEMO``)."""

    database_url: SecretStr
    """Where the node's database is, with the service's own role and password."""
    database_schema: str = Field(pattern=r"^[a-z][a-z_]{0,39}$")
    """The schema that holds the service's tables; each service sets its own."""
    database_connections: int = Field(default=4, ge=1, le=4)
    """Most connections that this process opens to the database."""
    database_seconds: float = Field(default=30.0, gt=0, le=300)
    """Longest time one statement may take."""

    local_bootstrap: str | None = None
    """The node's own broker, ``host:port``; for whoever reads or writes its bus."""
    hub_bootstrap: str | None = None
    """The hub's broker, ``host:port``; for whoever reads or writes the exchange."""

    host: str = "127.0.0.1"
    """The address that HTTP listens on; loopback unless said otherwise."""
    port: int = Field(ge=0, le=65535)
    """The port that HTTP listens on; 0 takes a free one."""

    state_dir: Path
    """The folder in which the process may write spans and its own marks."""
    tokens_file: Path | None = None
    """Digests of the callers' tokens with their roles; without it nobody but the public may ask."""
    key_file: Path | None = None
    """The node's keys, mode 0600; needed where something is sealed."""

    otlp_endpoint: str | None = None
    """Where spans go by OTLP over HTTP; without it they are files in the state folder."""
    span_files: bool = False
    """Whether spans stay files also when ``otlp_endpoint`` takes them."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """Which share of the traces is kept: 1 all, 0 none."""
    trace_days: int = Field(default=400, ge=1, le=3660)
    """How long the service remembers which traces a case had."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load`` hands over: no hidden look at the process's environment or files."""
        return (init_settings,)


AnySettings = TypeVar("AnySettings", bound=ServiceSettings)
Named = TypeVar("Named")


def service_of(settings_class: type[ServiceSettings]) -> str:
    """The name of the service whose settings these are: the default of ``service``."""
    name = settings_class.model_fields["service"].default
    if not isinstance(name, str):
        raise Misuse(f"{settings_class.__name__} does not name its service")
    return name


def variable_of(settings_class: type[ServiceSettings], field: str) -> str:
    """The full name of the variable that sets ``field``."""
    return GLOBALS.get(field) or _prefix(settings_class) + field.upper()


def _prefix(settings_class: type[ServiceSettings]) -> str:
    return f"NRM_{service_of(settings_class).upper().replace('.', '_')}__"


def load(settings_class: type[AnySettings], environment: Mapping[str, str]) -> AnySettings:
    """The settings, or SettingsWrong that names every missing or wrong variable at once."""
    given, wrong = _given(settings_class, environment)
    try:
        settings = settings_class(**given)
    except ValidationError as error:
        wrong.extend(_sentences(settings_class, error))
    else:
        if not wrong:
            return settings
    raise SettingsWrong("; ".join(sorted(set(wrong))))


def named_by(settings: ServiceSettings, field: str, read: Callable[[Any], Named]) -> Named:
    """What a setting names, as ``read`` finds it; SettingsWrong when it is not there or wrong.

    A ValueError of ``read`` says what is wrong in words of ours, never with the setting's value.
    """
    try:
        return read(getattr(settings, field))
    except ValueError as error:
        raise SettingsWrong(f"{variable_of(type(settings), field)} is wrong: {error}") from None


def _given(
    settings_class: type[ServiceSettings], environment: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    prefix = _prefix(settings_class)
    variables = {variable_of(settings_class, name): name for name in settings_class.model_fields}
    given: dict[str, Any] = {}
    wrong: list[str] = []
    for variable, text in environment.items():
        field = variables.get(variable)
        if field is None:
            if variable.startswith(prefix):
                wrong.append(f"{variable} is no setting of {service_of(settings_class)}")
        elif text:
            try:
                given[field] = orjson.loads(text) if text[0] in "[{" else text
            except orjson.JSONDecodeError:
                wrong.append(f"{variable} is wrong (json)")
    return given, wrong


def _sentences(settings_class: type[ServiceSettings], error: ValidationError) -> list[str]:
    sentences = []
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        name = variable_of(settings_class, field) if field else service_of(settings_class)
        missing = problem["type"] == "missing"
        sentences.append(
            f"{name} is missing" if missing else f"{name} is wrong ({problem['type']})"
        )
    return sentences


def fail_with_sentence(error: NrmError) -> NoReturn:
    """Say in one line why the process does not start, and end it."""
    print(f"nrm: {error}", file=sys.stderr)  # noqa: T201 - a sentence for the person who started it
    raise SystemExit(EXIT_SETTINGS_WRONG)
