"""Where the configs are, and how overrides become the name of a folder."""

import hashlib
import re
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
# In a wheel the configs are inside the package; in a checkout they are beside it.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"
LONGEST_NAME = 150  # characters; file systems stop at 255 bytes


def folder_name(overrides: str) -> str:
    """Overrides as the name of one folder: without characters that need quotes in a shell or in Hydra, and not too
    long.
    """
    name = re.sub(r"[^\w=.+-]", "_", overrides) or "default"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{digest}"
