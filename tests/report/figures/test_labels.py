"""Names of lines and points never overlap."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.report.figures.labels import Label, at_ends, beside, spaced
from attnbench.report.figures.plotting import panels, settle

Places = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(sorted)


@given(Places)
def test_places_keep_their_order_their_distance_and_their_bounds(wanted: list[float]) -> None:
    found = spaced(wanted, 0.1)
    assert all(above - below > 0.1 - 1e-9 for below, above in pairwise(found))
    over = max(0.0, (0.1 * (len(wanted) - 1) - 1) / 2)
    assert found[0] >= -over - 1e-9
    assert found[-1] <= 1 + over + 1e-9


def test_places_that_would_touch_share_out_their_middle() -> None:
    assert spaced([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.4, 0.5, 0.6])
    assert spaced([0.3, 0.35, 0.9], 0.1) == pytest.approx([0.275, 0.375, 0.9])


def test_places_that_are_far_apart_stay() -> None:
    assert spaced([0.0, 0.5, 0.9], 0.1) == [0.0, 0.5, 0.9]


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    figure, ((axis,),) = panels([""], [""], 2.0)
    axis.plot([0, 1], [0, 1])
    at_ends(axis, [Label(1, 1 - i / 1000, f"name {i}", "#000000", "") for i in range(6)], 2.0)
    settle(figure)
    boxes = sorted((text.get_window_extent() for text in axis.texts), key=lambda box: box.y0)
    assert len(boxes) == 6
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def test_names_beside_points_overlap_neither_one_another_nor_points() -> None:
    figure, ((axis,),) = panels([""], [""], 2.0)
    points = [(0.1, 0.1), (0.5, 0.5), (0.52, 0.52), (0.9, 0.9)]
    axis.plot(*zip(*points, strict=True), "o")
    settle(figure)
    beside(axis, [Label(x, y, "a name", "#000000", "") for x, y in points[:3]], points[3:])
    boxes = [text.get_window_extent() for text in axis.texts]
    assert boxes
    dots = [tuple(axis.transData.transform(point)) for point in points]
    assert not any(box.contains(x, y) for box in boxes for x, y in dots)
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_names_beside_points_do_not_leave_the_panel() -> None:
    figure, ((axis,),) = panels(["a title"], [""], 2.0)
    axis.plot([0, 1], [0, 1], "o")
    axis.set_ylim(0, 1)
    settle(figure)
    beside(axis, [Label(0.1, 1, "a name", "#000000", "")], [])
    (name,) = axis.texts
    assert name.get_window_extent().y1 <= axis.get_window_extent().y1


def test_a_name_without_room_is_left_out() -> None:
    figure, ((axis,),) = panels([""], [""], 2.0)
    axis.plot([0, 1], [0, 1], "o")
    settle(figure)
    crowd = [(x / 20, y / 20) for x in range(21) for y in range(21)]
    beside(axis, [Label(0.5, 0.5, "a name", "#000000", "")], crowd)
    assert not axis.texts
