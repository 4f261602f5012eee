"""A saved workspace and a report of W&B on the runs of a sweep, made with the package wandb-workspaces."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnbench.errors import UserError
from attnbench.files import write_whole
from attnbench.tracking.wandb_session import log_in, one_line, session
from attnbench.tracking.wandb_tracker import PROJECT

if TYPE_CHECKING:
    import wandb_workspaces.workspaces as workspaces
    from wandb_workspaces.reports.v2 import interface as reports

QUALITY, TIME = "quality/bleu", "step/step_ms"
CURVES = {
    "validation/bleu": "BLEU on the validation set",
    "validation/loss": "Validation loss",
    "train/loss": "Loss of an update",
    "train/learning_rate": "Learning rate",
    "train/gradient_norm": "Norm of the gradient",
    "train/tokens_per_s": "Target tokens per second",
}


@dataclass(frozen=True)
class Dashboard:
    """What is shown.

    Args:
        entity: whose project it is.
        project: where the runs are.
        sweep: the group of the runs.
        lead: the sentence that answers the question of the sweep.
        findings: further sentences.
        factors: that vary, the axes of the parallel coordinates.
    """

    entity: str
    project: str
    sweep: str
    lead: str
    findings: Sequence[str]
    factors: Sequence[str]


def check_installed() -> None:
    """Raises a UserError without the package wandb-workspaces."""
    if importlib.util.find_spec("wandb_workspaces") is None:
        raise UserError("dashboard: needs the package wandb-workspaces; pip install '.[dashboard]'")


def place(entity: str | None, project: str | None) -> dict[str, str]:
    """Whose project is meant, and which, as W&B's settings say.

    Raises:
        UserError: there is no login, or the server does not answer.
    """
    import wandb

    log_in()
    try:
        owner = entity or session().entity or wandb.Api().default_entity
    except Exception as error:
        raise UserError(f"tracker.mode=online: {one_line(error)}") from error
    if owner is None:
        raise UserError("tracker.entity: name your team or yourself")
    return {"entity": owner, "project": project or session().project or PROJECT}


def send(told: Dashboard) -> list[str]:
    """Saves both in W&B. Returns their addresses.

    Raises:
        UserError: the server does not take them, or does not answer.
    """
    try:
        workspace, report = _workspace(told), _report(told)
        workspace.save()
        report.save()
        return [workspace.url, report.url]
    except Exception as error:
        raise UserError(f"dashboard: W&B does not take it: {one_line(error)}") from error


def write(told: Dashboard, folder: Path) -> list[Path]:
    """Writes what would be sent: `workspace.json` and `report.json`. Returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    views = {"workspace": _workspace(told)._to_model(), "report": _report(told)._to_model()}
    for name, view in views.items():
        spec: Any = view.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps({"name": view.display_name, "spec": spec}, indent=1, ensure_ascii=False)
        write_whole(folder / f"{name}.json", text.encode())
    return [folder / f"{name}.json" for name in views]


def _workspace(told: Dashboard) -> "workspaces.Workspace":
    """Sections of panels on the trained runs of a sweep, grouped by condition and mechanism."""
    import wandb_workspaces.workspaces as workspaces
    from wandb_workspaces.reports.v2 import interface as reports

    curves = [
        reports.LinePlot(title=title, x="update", y=[key], groupby=reports.Config("mechanism"))
        for key, title in CURVES.items()
    ]
    media = [reports.MediaBrowser(title="Alignments", media_keys=["alignments"])]
    sections = {"Quality": [_bars(), _scatter(), _coordinates(told.factors)], "Curves": curves, "Alignments": media}
    return workspaces.Workspace(
        entity=told.entity,
        project=told.project,
        name=f"attnbench {told.sweep}",
        sections=[workspaces.Section(name=name, panels=panels, is_open=True) for name, panels in sections.items()],
        runset_settings=workspaces.RunsetSettings(
            filters=_of(told.sweep),
            groupby=[workspaces.Config("condition"), workspaces.Config("mechanism")],
        ),
    )


def _report(told: Dashboard) -> "reports.Report":
    from wandb_workspaces.reports.v2 import interface as reports

    # Those of the report's own project. To name it would ask the server.
    runs = reports.Runset(
        name=told.sweep,
        filters=_of(told.sweep),
        groupby=["config.condition", "config.mechanism"],
    )
    return reports.Report(
        entity=told.entity,
        project=told.project,
        title=f"attnbench: {told.sweep}",
        description=told.lead,
        blocks=[
            reports.P(told.lead),
            reports.UnorderedList(list(told.findings)),
            reports.PanelGrid(runsets=[runs], panels=[_bars(), _scatter(), _coordinates(told.factors)]),
        ],
    )


def _of(sweep: str) -> str:
    """The filter for the jobs of a sweep, without trials and reports."""
    return f"Group = '{sweep}' and JobType = 'train'"


def _bars() -> "reports.BarPlot":
    from wandb_workspaces.reports.v2 import interface as reports

    return reports.BarPlot(
        title="BLEU by mechanism: mean over runs, and its standard error",
        metrics=[QUALITY],
        groupby=reports.Config("mechanism"),
        groupby_aggfunc="mean",
        groupby_rangefunc="stderr",
    )


def _scatter() -> "reports.ScatterPlot":
    from wandb_workspaces.reports.v2 import interface as reports

    return reports.ScatterPlot(
        title="BLEU against the time of a training step (ms)",
        x=reports.SummaryMetric(TIME),
        y=reports.SummaryMetric(QUALITY),
    )


def _coordinates(factors: Sequence[str]) -> "reports.ParallelCoordinatesPlot":
    from wandb_workspaces.reports.v2 import interface as reports

    keys = [*(reports.Config(name) for name in factors), reports.SummaryMetric(QUALITY)]
    columns = [reports.ParallelCoordinatesPlotColumn(key) for key in keys]
    return reports.ParallelCoordinatesPlot(title="BLEU by factor", columns=columns)
