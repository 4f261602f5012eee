"""The `dashboard` command: a workspace and a report in W&B, with the findings of a sweep."""

from pathlib import Path

from omegaconf import DictConfig

from attnbench.cli.report import REPORTS, folders_of
from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.tracking import wandb_dashboard
from attnbench.tracking.wandb_dashboard import Dashboard
from attnbench.tracking.wandb_tracker import PROJECT

FOLDER = "dashboard"  # in the folder of a report
NOBODY = "your-entity"  # in files: they are not sent


def dashboard(cfg: DictConfig) -> None:
    """Saves the dashboard in W&B, or writes what would be saved."""
    wandb_dashboard.check_installed()
    if cfg.tracker.get("mode") is None:
        raise UserError("tracker=none: a dashboard is one of W&B; say tracker=wandb")
    build(cfg.tracker)
    folders = folders_of(cfg.runs)
    told = _told(cfg, folders)
    if cfg.tracker.mode == "online":
        for address in wandb_dashboard.send(told):
            print(address)
        return
    for path in wandb_dashboard.write(told, REPORTS / folders[0].resolve().name / FOLDER):
        print(path)
    print("tracker.mode=online saves them in W&B")


def _told(cfg: DictConfig, folders: list[Path]) -> Dashboard:
    # Imported here: pandas takes seconds to import.
    from attnbench.report import load
    from attnbench.report.analysis import Analysis
    from attnbench.report.document import Lead
    from attnbench.report.findings import findings
    from attnbench.report.study.naming import varying_names
    from attnbench.report.study.study import study
    from attnbench.report.summary import summary

    entries = load(folders).entries
    if not entries:
        raise UserError(f"runs={cfg.runs}: there are no records")
    analysis = Analysis(study(entries))
    records = analysis.study.records
    factors = [record.factors for record in records]
    place = {"entity": cfg.tracker.entity or NOBODY, "project": cfg.tracker.project or PROJECT}
    if cfg.tracker.mode == "online":
        place = wandb_dashboard.place(cfg.tracker.entity, cfg.tracker.project)
    return Dashboard(
        **place,
        sweep=records[0].sweep,
        lead=next((block.text for block in summary(analysis) if isinstance(block, Lead)), ""),
        findings=findings(analysis).first,
        factors=sorted(varying_names(factors, absence_counts=False)),
    )
