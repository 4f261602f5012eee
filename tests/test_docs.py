"""The documentation builds without a warning."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # a note about the future of the theme, on each build
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    mechanisms = (tmp_path / "mechanisms" / "index.html").read_text(encoding="utf-8")
    for choice in (ROOT / "conf" / "score").glob("*.yaml"):
        assert f'id="score-{choice.stem}"' in mechanisms
        assert (tmp_path / "images" / f"score_{choice.stem}.svg").is_file()
