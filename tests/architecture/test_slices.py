"""One service runs with the contracts and the chassis alone: it is copied out and imported."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = (
    "gateway",
    "identification",
    "referral",
    "assistance",
    "statistics/contributor",
    "statistics/custodian",
    "statistics/publisher",
)


def copy_slice(service: str, to: Path) -> None:
    shutil.copytree(ROOT / "contracts", to / "contracts")
    for folder in ("services/chassis", f"services/{service}"):
        shutil.copytree(ROOT / folder, to / folder)
    package = to / "services"
    while package != to / "services" / service:
        shutil.copy(ROOT / package.relative_to(to) / "__init__.py", package / "__init__.py")
        package = package / (to / "services" / service).relative_to(package).parts[0]


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


def test_the_slice_test_can_fail(tmp_path: Path) -> None:
    copy_slice("referral", tmp_path)
    shutil.rmtree(tmp_path / "services" / "chassis")
    assert import_alone("services.referral.main", tmp_path).returncode != 0
