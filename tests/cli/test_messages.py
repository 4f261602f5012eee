"""For every mistake on the command line, one line says what is right."""

import re
from pathlib import Path

import pytest

from tests.cli.command_line import TINY, Ended, here, run

MISSPELT = [
    ("trian", r"trian: no such command; did you mean train\?"),
    ("scor=dot", "scor=dot: no such key in train; did you mean score"),
    ("training.update=5", r"training\.update=5: no such key in train; did you mean training\.updates"),
    ("score.sigm=1", r"score\.sigm=1: no such key in train; did you mean score\.sigma"),
    ("score.sigma=1", r"score\.sigma=1: not a key of the chosen score, only of score=gaussian"),
    ("+nonsense=1", r"\+nonsense=1: no such key in train; .*--cfg job shows all"),
    ("+seed=2", r"\+seed=2: seed needs no \+; say seed=2"),
    ("~nonsense", "~nonsense: no such key in train; .*--cfg job"),
    ("score=dott", r"score=dott: no such choice; did you mean dot\?"),
    ("score=null", "score=null: must be a choice of score; there are additive, .*scaled_dot"),
    ("experiment=nothing", "experiment=nothing: no such choice; there are .*multi30k_rnn"),
    ("score=dot,additive", "score=dot,additive: several values make a sweep; say .*attnbench sweep"),
    ("score=[", r"score=\[: cannot be read as key=value; quote"),
    ("train report", "report: a second command after train; give one"),
    ("score dot", "score: no such command, but a key; say score="),
    ("heads: 4", "heads:: no such command, but a key; say heads="),
    ("--heads=4", "--heads=4: a key has no dashes; say heads=4"),
    ("SCORE=dot", "SCORE=dot: no such key in train; did you mean score"),
    ("score=“dot”", "score=“dot”: no such choice; did you mean dot"),
    ("heads=[“4”]", "heads=.*: has typographic quotes; the straight ones are ' and \""),
    ("score==dot", "score==dot: cannot be read as key=value"),
    ("heads=4,", "heads=4,: cannot be read as key=value"),
    ("=5", "=5: cannot be read as key=value"),
    ("+", r"\+: cannot be read as key=value"),
    ("++score=dot", r"\+\+score=dot: score needs no \+; say score=dot"),
    ("~score", r"~score: attention\.score needs it; leave ~score out"),
    ("~training.updates", ".*Recipe.* missing .* 'updates'"),
    ("score=dot/x", "score=dot/x: no such choice; did you mean dot"),
    ("score=dot.yaml", r"score=dot\.yaml: must be a choice of score; there are additive"),
    ("score=../score/dot", r"score=\.\./score/dot: must be a choice of score"),
    ("cross.score=dot", r"cross\.score=dot: a choice for one place; say score@cross\.score=dot"),
    ("training=5", r"training=5: has keys, and no value of its own; say training\.KEY=\.\.\."),
    ("cost=null", r"cost=null: has keys, and no value of its own"),
    ("heads=range(1,3)", r"heads=range\(1,3\): several values make a sweep; say .*attnbench sweep"),
    ("heads=${nothing}", r"heads=\${nothing}: there is no key nothing; .*--cfg job"),
    ("heads=${oc.env:NO_SUCH}", r"heads=.*: the environment variable NO_SUCH is not set"),
    ("heads=${nope:1}", r"heads=\${nope:1}: there is no resolver nope"),
    ("hydra.mode=RUNN", r"hydra\.mode=RUNN: Invalid value 'RUNN', expected one of \[RUN, MULTIRUN\]"),
    ("hydra.job.chdir=maybe", r"hydra\.job\.chdir=maybe: Value 'maybe' is not a valid bool"),
    (
        "hydra/sweeper=nevergrad",
        r"hydra/sweeper=nevergrad: its package is not installed; say pip .*-nevergrad-",
    ),
]
OUT_OF_RANGE = [
    ("device=gpu", "device=gpu: no such choice; did you mean cpu"),
    ("device=cpu device.name=cuda:99", "device=cuda:99: not on this machine, which has cpu"),
    ("device.threads=0", r"device\.threads=0: must be 1 to 1024"),
    ("heads=3", "heads=3: must divide the width 16; its divisors are 1, 2, 4, 8, 16"),
    ("heads=0", "heads=0: must divide the width 16"),
    ("scope=local_m scope.window=0", r"scope\.window=0: must be 1 or more"),
    ("length=4", "length=4: .*8 to 256"),
    ("width=0", r"(width|model\.\w+)=0: must be 1 or more"),
    ("training.updates=0", r"training\.updates=0: must be 1 or more"),
    ("training.stop_on=luck", r"training\.stop_on=luck: must be bleu or loss"),
    ("precision=fp8", "precision=fp8: must be fp32 or bf16"),
    ("model.cell=tree", r"model\.cell=tree: must be one of rnn, gru, lstm"),
    ("decoder=none decoder.context=none", r"decoder\.context=none: must be initial or every_step"),
    ("selection=gumbel selection.temperature=0", r"selection\.temperature=0: must be greater than 0"),
    (
        "tracker=wandb tracker.project=a/b",
        r"tracker\.project=a/b: must have .*say tracker\.entity=a tracker\.project=b",
    ),
    ("sweep=a/b", "sweep=a/b: must be the name of one folder, without a slash"),
    ("sweep=..", r"sweep=\.\.: must be the name of one folder"),
    (f"sweep='{'狗' * 86}'", f"sweep={'狗' * 40}…: the name of a folder has at most 255 bytes; this one has 258"),
    ("device.threads=100000", r"device\.threads=100000: must be 1 to 1024"),
    ("width=10000000000", "model: too large for this machine: "),
    ("width=1180591620717411303424", "width=1180591620717411303424: must be a finite number, at most"),
    ("training.updates=1180591620717411303424", r"training\.updates=1180591620717411303424: must be a finite number"),
    ("training.learning_rate=inf", r"training\.learning_rate=inf: must be a finite number"),
    ("training.learning_rate=nan", r"training\.learning_rate=nan: must be a finite number"),
    ("training.learning_rate=1e400", r"training\.learning_rate=inf: must be a finite number"),
    ("tracker=wandb tracker.mode=ofline", r"tracker\.mode=ofline: must be offline or online"),
]
ILL_TYPED = [
    ("training.updates=abc", r"training\.updates=abc: "),
    ("training.learning_rate=abc", r"training\.learning_rate=abc: "),
    ("score=gaussian score.sigma=abc", r"score\.sigma=abc: "),
    ("width=abc", "width=abc: "),
    ("heads=abc", "heads=abc: "),
    ("heads='4'", "heads='4': must be a whole number"),
    ("heads=true", "heads=true: must be a whole number"),
    ("heads=null", "heads=null: must be a whole number"),
    ("seed=abc", "seed=abc: "),
    ("length=abc", "length=abc: "),
    ("evaluation.samples=abc", r"evaluation\.samples=abc: "),
    ("cost.lengths=3", r"cost\.lengths=3: "),
    ("cost.lengths=[3,a]", r"cost\.lengths=\[3, ?'?a'?\]: "),
]
NOT_THERE = [
    ("task=parallel", r"task\.source: missing; say task\.source=\.\.\."),
    ("task=parallel task.source=no.txt", r"no\.txt: cannot be read"),
    ("task=parallel task.source=two.txt task.target=three.txt", r"two\.txt has 2 lines and three\.txt has 3"),
]
OTHER = [
    ("--cfg jobs", "argument --cfg/-c: invalid choice: 'jobs' .*job.*--help"),
    ("--resolve", "--resolve: goes with --cfg job"),
    ("--package model", "--package=model: .* add --cfg job"),
    ("-r -m", "--run and --multirun: give one of them"),
    ("--config-name cost", "--config-name=cost: the command names the config; .*experiment=NAME"),
    ("--config-path /tmp train", "--config-path=/tmp: the command names the config"),
    ("train --config-dir nowhere score=dot", "--config-dir=nowhere: no such folder"),
    ("--experimental-rerun x", "--experimental-rerun: not supported; "),
    ("-sc", "--shell-completion: say install=bash"),
    ("sweep score=dot,additive hydra/launcher=rq", "hydra/launcher=rq: its package is not installed; say pip install"),
    ("--nonsense", "unrecognized arguments: --nonsense; .*--help"),
    ("-m sweep --cfg job", "--cfg shows the config of one job; leave out -m"),
    ("cost scop=global", "scop=global: no such key in cost; did you mean scope"),
    ("report run=nowhere", r"run=nowhere: no such key in report; did you mean runs\?"),
    ("report runs=nowhere", "runs=nowhere: no such folder; "),
    ("translate", "run: missing; name the folder of a finished job"),
    ("translate run=nowhere", r"run=nowhere: has no checkpoint\.pt; name the folder of a finished job"),
]
# Goes before what is tested, so that a job ends soon where no message comes.
SHORT = ["tracker=none", "progress=false", "width=16", "training.updates=1"]


@pytest.mark.parametrize(("command", "message"), [*MISSPELT, *OUT_OF_RANGE, *ILL_TYPED, *NOT_THERE])
def test_one_line_says_what_is_right(command: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("a\nb\n")
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    assert_refused(here(tmp_path, *SHORT, *command.split()), message)


@pytest.mark.parametrize(("command", "message"), OTHER)
def test_other_commands_say_it_too(command: str, message: str, tmp_path: Path) -> None:
    assert_refused(here(tmp_path, *command.split()), message)


def assert_refused(ended: Ended, message: str) -> None:
    assert (ended.status, ended.out) == (2, ""), ended
    (line,) = ended.err.splitlines()
    assert re.match(f"attnbench: {message}", line), line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("heads=1,3", r".*heads=3: must divide the width 16; its divisors are .*"),
        ("score=dot,dott", r"score=dott: no such choice; did you mean dot\?"),
        ("score=dot,additive seed=1,a", r".*seed=a: .*"),
    ],
)
def test_a_sweep_refuses_a_bad_cell_before_any_runs(arguments: str, message: str, tmp_path: Path) -> None:
    ended = here(tmp_path, "-m", "sweep", *TINY, *arguments.split())
    assert_refused(ended, message)
    assert not [*tmp_path.glob("**/record.json")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("task.source=two.tsv,no.tsv", r".*no\.tsv: cannot be read \(No such file or directory\)"),
        (
            "task.source=two.tsv task.test=1,3",
            r".*held-out sets of 1 and 3 sentences \(task\.validation, ",
        ),
        ("task.source=two.tsv task.columns=[0,1],[0,2]", r".*two\.tsv, line 1: columns 0 and 2 .* has 2 columns"),
        ("task.source=two.tsv task.bleu_tokenize=13a,14a", r".*task\.bleu_tokenize=14a: sacreBLEU has 13a"),
        ("task.source=two.tsv task.test_links=no.txt,null", r".*task\.test_links=no\.txt: needs a test set from files"),
        ("task.source=two.tsv segmentation.min_count=1,0", r".*segmentation\.min_count=0: must be 1 or more"),
        ("task.source=two.tsv length=2,0", r".*task\.max_length=0: must be 1 or more"),
    ],
)
def test_a_sweep_reads_the_corpora_before_any_job_runs(arguments: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "two.tsv").write_text("a\tb\nc\td\ne\tf\ng\th\n")
    corpus = ["task=parallel", "task.validation=1", "task.test=1", "tracker=none", "tune=none", "grid=none"]
    ended = here(tmp_path, "-m", "sweep", *corpus, *arguments.split())
    assert_refused(ended, message)
    assert not [*tmp_path.glob("**/record.json")]


def test_a_process_ends_with_that_line_and_status(tmp_path: Path) -> None:
    ended = run(tmp_path, "heads=3", "tracker=none")
    assert_refused(ended, r"heads=3: must divide the width \d+; its divisors are 1, 2")
