"""The environment of JoeyNMT 2.3: a virtual environment below build/, and Multi30k as plain files."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "build" / "joeynmt"
# JoeyNMT needs importlib_metadata, but does not say so.
REQUIREMENTS = ("joeynmt==2.3.0", "importlib_metadata", "torch>=2.11,<2.14")
SPLITS = ("train", "val", "test_2016_flickr")


def python() -> Path:
    """The interpreter of the virtual environment, which is made at the first call."""
    environment = FOLDER / "venv"
    if not (ready := environment / "ready").exists():
        print(f"installing JoeyNMT in {environment}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        ready.touch()
    return environment / "bin" / "python"


def configuration(name: str, model: dict[str, Any], training: dict[str, Any]) -> Path:
    """Writes JoeyNMT's configuration of a model on Multi30k, English to German, tokenised; words seen twice."""
    language = {"lowercase": True, "level": "word", "voc_min_freq": 2, "max_length": 60}
    corpus = corpus_files()
    config = {
        "name": name,
        "model_dir": str(FOLDER / name),
        "use_cuda": False,
        "random_seed": 1,
        "data": {
            **{key: str(corpus / split) for key, split in zip(("train", "dev", "test"), SPLITS, strict=True)},
            "dataset_type": "plain",
            "src": {"lang": "en", **language},
            "trg": {"lang": "de", **language},
        },
        "testing": {"beam_size": 1, "eval_metrics": ["bleu"], "sacrebleu_cfg": {"tokenize": "none"}, "batch_size": 64},
        "training": {"batch_size": 64, "batch_type": "sentence", "print_valid_sents": [], **training},
        "model": model,
    }
    path = FOLDER / f"{name}.json"  # JSON is YAML
    path.write_text(json.dumps(config, indent=1))
    return path


def corpus_files() -> Path:
    """Unpacks the tokenised Multi30k of `ATTNBENCH_DATA`, and returns the folder."""
    data = os.environ.get("ATTNBENCH_DATA")
    if not data:
        raise SystemExit("ATTNBENCH_DATA: must be the folder that has multi30k/tok; see docs/tasks.md")
    folder = FOLDER / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        for language in ("en", "de"):
            packed = Path(data) / "multi30k" / "tok" / f"{split}.{language}.gz"
            (folder / f"{split}.{language}").write_bytes(gzip.decompress(packed.read_bytes()))
    return folder
