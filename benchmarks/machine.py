"""Where and with what a run was made: versions, date, machine, load; no names of hosts or paths."""

import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from deploy.local import parts, postgres
from services.chassis.clock import SystemClock

LIBRARIES: Final = (
    "aiokafka",
    "asyncpg",
    "SQLAlchemy",
    "pydantic",
    "orjson",
    "opentelemetry-sdk",
    "faststream",
    "faststream-outbox",
)
FLUSHES: Final = 50
FLUSH_BYTES: Final = 8_192


def versions() -> dict[str, str]:
    """The version of everything that takes part."""
    told = {
        "python": platform.python_version(),
        "kafka": parts.kafka_version(),
        "postgresql": postgres.version(),
    }
    return told | {library: version(library) for library in LIBRARIES}


def date() -> str:
    """Today, by the clock."""
    return SystemClock().wall().isoformat(timespec="minutes")


def machine() -> dict[str, str | int | float]:
    """Its kind: cores, memory, how long a flush to the disk takes now."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(pages / 2**30, 1),
        "flush_ms": round(1_000 * _flush_seconds(), 2),
    }


def load() -> list[float]:
    """The load average: 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")


def _flush_seconds() -> float:
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(FLUSHES):
            file.write(b"x" * FLUSH_BYTES)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return median(taken)
