"""The `report` command, and the report at the end of a sweep."""

import contextlib
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig

from attnbench import record
from attnbench.cli import mechanisms
from attnbench.cli.paths import folder_name, one_folder
from attnbench.errors import UserError

REPORTS = Path("reports")
LISTED = 50  # files that could not be read; the rest is counted
NEAR = 20  # folders that a message names


def report(cfg: DictConfig) -> None:
    """Builds the report of the jobs that the config names."""
    given = {key: cfg[key] for key in ("where", "baseline", "name") if cfg[key] is not None}
    given = {key: str(value) for key, value in given.items()}
    if "name" in given:
        one_folder("name", given["name"])
    if cfg.source is not None:
        # Imported here: it takes a second, and most reports are made from files.
        from attnbench.tracking.wandb_source import fetch

        fetched = fetch(str(cfg.source))
        build_report(fetched.files, fetched.project, {"source": str(cfg.source)} | given, fetched.gaps)
        return
    patterns, folders = _patterns(cfg.runs), folders_of(cfg.runs)
    name = "+".join(dict.fromkeys(folder.resolve().name for folder in folders))
    build_report(folders, name, {"runs": _joined(patterns)} | given)


def folders_of(runs: Any) -> list[Path]:
    """The folders of records, or the records, that the value of `runs` names.

    Raises:
        UserError: it names none.
    """
    return [folder for pattern in _patterns(runs) for folder in _folders(pattern)]


def _patterns(runs: Any) -> list[str]:
    patterns = [str(each) for each in (runs if isinstance(runs, ListConfig) else [runs]) if each is not None]
    if not patterns:
        raise UserError("runs: name the folder of a sweep, or several: runs=[runs/a,runs/b]")
    return patterns


def build_report(
    places: Sequence[Path], name: str, given: Mapping[str, str] | None = None, gaps: Sequence[str] = ()
) -> Path:
    """Builds the report of the records at `places`, and prints where it is. Returns its folder.

    Args:
        places: folders of records, or records.
        name: of the report, unless `given` has a name.
        given: what the user asked for, by key. None: the places.
        gaps: a line for each job whose record could not be fetched.
    """
    given = given or {"runs": _joined([str(place) for place in places])}
    # Imported here: pandas, seaborn and typst take seconds to import, and only a report needs them.
    from attnbench.report import build, load
    from attnbench.report.study.explanation import Explanation
    from attnbench.report.study.filter import matching

    found = load(places)
    entries, unread = found.entries, [*gaps, *found.broken]
    if entries and "where" in given:
        keep = matching([entry.record for entry in entries], given["where"])
        entries = [entry for entry, matches in zip(entries, keep, strict=True) if matches]
    if found.outdated:
        print(f"left out: {len(found.outdated)} records of jobs that have a newer one, such as {found.outdated[0]}")
    if unread:
        print(f"left out: {len(unread)} records that could not be read, such as {unread[0]}")
    part = re.sub(r"\W+", "-", given.get("where", "")).strip("-")  # a report on a part of the jobs has its own name
    name = given.get("name", folder_name("-".join(filter(None, (name, part)))) or "report")
    explanations = {one.name: Explanation(one.formula, one.paper) for one in mechanisms.found()}
    explanations |= {task: Explanation(said, "") for task, said in mechanisms.said_of_tasks()}
    index = build(
        entries,
        REPORTS / name,
        title=f"attnbench: {Path(name).name}",
        command=" ".join(["python -m attnbench report", *(_word(key, value) for key, value in given.items())]),
        broken=_some(unread),
        outdated=len(found.outdated),
        baseline=given.get("baseline"),
        explanations=explanations,
    )
    print(f"report: {index} and {index.with_name('report.pdf')}")
    return index.parent


def _folders(pattern: str) -> list[Path]:
    """The folders of records, or the records, that a path or a glob names."""
    place = Path(pattern)
    with contextlib.suppress(OSError, ValueError):  # neither a path nor a glob
        if place.exists():
            return [place]
        found = sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))
        if found := [path for path in found if path.is_dir() or path.name == record.NAME]:
            return found
    near = sorted(path.name for path in place.parent.glob("*/"))
    more = f", and {len(near) - NEAR} more" if len(near) > NEAR else ""
    hint = f"there are {', '.join(near[:NEAR])}{more}" if near else "run a sweep first: python -m attnbench sweep"
    raise UserError(f"runs={pattern}: no such folder; {hint}")


def _joined(patterns: Sequence[str]) -> str:
    """The value of `runs`."""
    return patterns[0] if len(patterns) == 1 else f"[{','.join(patterns)}]"


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - LISTED
    return [*lines[:LISTED], *([f"and {more} more"] if more > 0 else [])]


def _word(key: str, value: str) -> str:
    """An override, as one would type it into a shell."""
    if shlex.quote(value) == value:
        return f"{key}={value}"
    return shlex.quote(f"{key}={value}") if re.search(r'["$`\\!]', value) else f'{key}="{value}"'
