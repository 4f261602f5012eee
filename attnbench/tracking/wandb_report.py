"""What a W&B run shows of a report: the page, the figures, the table of quality, and the gains on the baseline."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import wandb

PAGE, TABLE = "index.html", Path("tables/quality.csv")
GAIN = "Δ BLEU"  # a column of that table


def log_report(run: "wandb.Run", folder: Path) -> None:
    """Logs the files of a report, as far as it has them."""
    import wandb

    media: dict[str, wandb.Html | wandb.Image | wandb.Table] = {"report": wandb.Html(str(folder / PAGE))}
    for path in sorted((folder / "figures").glob("*.png")):
        media[f"figures/{path.stem}"] = wandb.Image(str(path), caption=path.stem.replace("_", " "))
    if (table := folder / TABLE).is_file():
        head, *rows = csv.reader(table.read_text(encoding="utf-8").splitlines())
        media["quality"] = wandb.Table(columns=list(head), data=[[*map(_number, row)] for row in rows])
        run.summary.update(gains([dict(zip(head, row, strict=True)) for row in rows]))
    run.log(media)


def gains(rows: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """The difference of each mechanism to its baseline, from the rows of the table of quality."""
    found = {}
    for row in rows:
        if row.get(GAIN):
            place = " ".join(filter(None, (row["Mechanism"], row.get("Condition"))))
            found[f"gain/{place}"] = float(row[GAIN])
    return found


def _number(text: str) -> str | float | None:
    try:
        return float(text)
    except ValueError:
        return text or None
