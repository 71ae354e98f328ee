"""A small disk of its own for a test that fills it: a file with a file system, mounted.

Mounting is a right of root: who has it not is told so, and the test fails; it is never skipped.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.room import free_bytes

MIB = 2**20
NO_RIGHT = "A really full disk needs a mount of its own: run `make test-long` as root."


@contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """The folder where the disk is mounted; others may pass through, as a database's user must."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-disk-"))
    folder.chmod(0o755)
    image, disk = folder / "image", folder / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    try:
        _must("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        _must("mount", "-o", "loop", str(image), str(disk))
        try:
            yield disk
        finally:
            _must("umount", str(disk))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(disk: Path) -> Path:
    """A file of somebody else that takes all that is left; returns it."""
    filler = disk / "somebody-elses-film"
    with filler.open("wb") as file:
        for step in (64 * MIB, MIB, 4096):
            while free_bytes(disk) >= step:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)
                except OSError:
                    break
    return filler


def _must(*words: str) -> None:
    program = shutil.which(words[0])
    if os.geteuid() != 0 or program is None:
        pytest.fail(NO_RIGHT, pytrace=False)
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{NO_RIGHT} ({words[0]}: {done.stderr.strip()})", pytrace=False)
