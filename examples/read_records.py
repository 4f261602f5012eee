"""Records with pandas: python examples/read_records.py runs/default"""

import sys
from pathlib import Path

import pandas as pd

from attnbench import record

rows = []
for path in sorted(Path(sys.argv[1]).glob(f"**/{record.NAME}")):
    job = record.read(path)  # a dataclass; its fields and their units are described in attnbench/record.py
    if job.status == "finished" and job.quality and job.step:
        rows.append(
            {**job.factors, "seed": job.seed, "bleu": job.quality.bleu, "step_ms": job.step.step_ms, "file": str(path)}
        )

frame = pd.DataFrame(rows)
factors = [name for name in frame.columns if name not in ("seed", "bleu", "step_ms", "file")]
varied = [name for name in factors if frame[name].nunique(dropna=False) > 1] or factors[:1]
print(frame.groupby(varied, dropna=False)[["bleu", "step_ms"]].mean().round(1).to_string())
