"""The tutorial does what it says, in at most 60 lines."""

import pytest

from tests import trees
from tests.docs import walk

LINES = 60


def test_the_tutorial_has_at_most_60_lines_of_code():
    assert sum(block.lines for block in walk.blocks("tutorial.md")) <= LINES


@pytest.mark.workflow
def test_the_tutorial_trains_a_rule_and_puts_it_on_chips(tmp_path):
    printed = walk.follow(trees.plant(tmp_path / "tree"), "tutorial.md", "page", epochs=2)
    assert {"calibrated", "clean", "noisy"} <= set(printed.split())
    clean, worst = (float(printed.split(f"{name}: ")[1].split(" %")[0]) for name in ("clean", "level 0.8"))
    assert worst < clean - 10
