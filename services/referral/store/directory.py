"""The directory file of the node: read once, at start. What is refused is told, never guessed."""

from pathlib import Path

import yaml

from services.chassis.errors import SettingsWrong
from services.referral.domain.listings import Directory, read_directory


def load_directory(path: Path) -> Directory:
    """Every good record of the file; SettingsWrong only when there is no file that can be read."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError:
        raise SettingsWrong("the directory file cannot be read") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsWrong("the directory file is not YAML") from None
    return read_directory(document)
