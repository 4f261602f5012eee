"""Where the configs are, and how overrides become a folder's name."""

import hashlib
import re
from pathlib import Path

from omegaconf import OmegaConf

PACKAGE = Path(__file__).parent.parent
# Inside the package in a wheel; beside it in a checkout.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
LONGEST_NAME = 150  # characters; file systems stop at 255 bytes


def folder_name(overrides: str) -> str:
    """Overrides as one folder's name: nothing that a shell or Hydra wants quoted, nor too long for a file system."""
    name = re.sub(r"[^\w=.+-]", "_", overrides) or "default"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{digest}"


OmegaConf.register_new_resolver("folder_name", folder_name, replace=True)
