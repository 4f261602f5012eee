"""A cost session: the planned contenders are measured in turns, then a table and a report follow."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hydra.core.utils import configure_log
from omegaconf import DictConfig, read_write
from tqdm import tqdm

from attnbench.cli.plan import Plan, PlannedJob, finished
from attnbench.cli.report import build_report
from attnbench.cli.sweep_table import print_warnings
from attnbench.errors import UserError
from attnbench.job.cost_session import SessionContender, absent, baselines, measure_session
from attnbench.record import Record


def compare(plan: Plan) -> None:
    """Measures the contenders that are available here, unless one session has measured all of them already.

    Raises:
        UserError: none is available, or there is no such baseline.
        SystemExit: with status 1 if a contender failed.
    """
    # The available ones first: the baseline should be one of them, if there is any.
    cells = sorted(plan.jobs, key=lambda cell: cell.unavailable is not None)
    folder, able = cells[0].sweep, [cell for cell in cells if cell.unavailable is None]
    keys = dict(zip((cell.key for cell in cells), baselines([cell.cfg for cell in cells]), strict=True))
    missing = _missing(cells)
    if not able:
        raise UserError(str(missing[0].error))
    records = _measured(able)
    done = "; measured already, force=true measures again" if records else ""
    print(f"{folder}: {len(able)} contenders ({plan.summary}){done}", flush=True)
    if not records:
        records = _measure(
            [SessionContender(cell.cfg, cell.folder, keys[cell.key]) for cell in able], able[0].cfg, folder
        )
    # Imported here: the table takes its names from the report, which takes seconds to import.
    from attnbench.cli.cost_table import print_costs

    print_costs([*records, *missing])
    print_warnings(records)
    build_report([folder], folder.name)
    if any(record.status != "finished" for record in records):
        raise SystemExit(1)


def _missing(cells: Sequence[PlannedJob]) -> list[Record]:
    """Records of the contenders that are not available here. Prints a line for each, with the overrides that
    distinguish it.
    """
    shared = set.intersection(*(set(cell.overrides) for cell in cells))
    records = []
    for cell in cells:
        if cell.unavailable is not None:
            name = " ".join(override for override in cell.overrides if override not in shared)
            print(f"left out: {name}: {cell.unavailable}", file=sys.stderr)
            records.append(absent(cell.cfg, cell.unavailable))
    return records


def _measured(cells: Sequence[PlannedJob]) -> list[Record]:
    """The records of the one session that measured all of the cells; an empty list if there is no such session."""
    before = finished(cells[0].sweep, {cell.key for cell in cells})
    records = [before[cell.key] for cell in cells if cell.key in before and not cell.cfg.force]
    sessions = {record.scaling and record.scaling.session for record in records}
    return records if len(records) == len(cells) and len(sessions) == 1 else []


def _measure(places: Sequence[SessionContender], cfg: DictConfig, folder: Path) -> list[Record]:
    with read_write(cfg):
        cfg.hydra.runtime.output_dir = str(folder)  # the folder of the session's log
    folder.mkdir(parents=True, exist_ok=True)
    configure_log(cfg.hydra.job_logging)

    def seen(left_s: float) -> None:
        gone_s = time.monotonic() - begun
        bar.total = gone_s + left_s
        bar.set_description_str(tqdm.format_interval(left_s), refresh=False)
        bar.update(gone_s - bar.n)

    begun, shown = time.monotonic(), "{percentage:3.0f}% |{bar}| {elapsed} elapsed, about {desc} left"
    with tqdm(total=1, bar_format=shown, dynamic_ncols=True, disable=None if cfg.progress else True) as bar:
        return measure_session(places, seen)
