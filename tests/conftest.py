"""For all tests: their own locks, and a choice of combinations."""

import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import covering

settings.register_profile("quick", max_examples=30)  # the whole suite should take ten minutes on two cores
settings.load_profile("quick")


@pytest.fixture(autouse=True, scope="session")
def own_locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Jobs lock the machine with files in the temporary folder. Tests must not wait for other jobs there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))
        patch.setattr(tempfile, "tempdir", None)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-combination",
        action="store_true",
        help="run the tests marked `covering` with all combinations, and not with a choice that covers every pair",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    covering.parametrize(metafunc, every=bool(metafunc.config.getoption("every_combination")))
