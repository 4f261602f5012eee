import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.cli.paths import folder_name, job_folder, one_folder
from attnbench.errors import UserError


@pytest.mark.parametrize(
    "overrides", ["score=dot", "scope=local_m+scope.window=2", "training.learning_rate=4e-3+heads=4"]
)
def test_usual_overrides_are_their_name(overrides: str) -> None:
    assert job_folder(overrides) == overrides


def test_no_overrides() -> None:
    assert job_folder("") == "default"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("task.source=c/x.tsv", "task.source=c_x.tsv"),
        ("task.source=a b", "task.source=a_b"),
        ("task.source=X.tsv", "task.source=x.tsv"),  # one folder, where case does not matter
        ("task.source=\u00fc", "task.source=u\u0308"),  # one folder, where Unicode is normalised
        ("a=" + "x" * 300 + "1", "a=" + "x" * 300 + "2"),
    ],
)
def test_different_overrides_have_different_names(one: str, other: str) -> None:
    assert job_folder(one).casefold() != job_folder(other).casefold()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_is_a_name(text: str) -> None:
    for name in (folder_name(text), job_folder(text)):
        assert len(name.encode()) <= 150 and not set(name) & set("/\0 '\"$,\n")
    assert job_folder(text)


def test_han_characters_are_counted_in_bytes() -> None:
    assert len(job_folder("task.source=" + "\u8a9e" * 100).encode()) <= 150


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "a\nb", "x" * 256, "狗" * 86])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"^name="):
        one_folder("name", name)


@pytest.mark.parametrize("name", ["a b", "...", 3, "x" * 255, "狗" * 85])
def test_any_other_name_is_taken_as_it_is(name: str | int) -> None:
    assert one_folder("name", name) == str(name)
