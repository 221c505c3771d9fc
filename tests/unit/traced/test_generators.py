"""What is drawn inside follows from the seed alone, and nothing outside notices."""

import random

import numpy as np
import torch

from repscape.traced import generators


def numbers():
    return [torch.rand(1).item(), np.random.rand(), random.random()]


def inside(seed):
    with generators.drawing_from(seed):
        return numbers()


def test_numbers_follow_from_the_seed_and_the_generators_are_put_back():
    before = generators.states()
    assert inside(3) == inside(3) != inside(4)
    assert generators.states() == before


def test_states_tell_that_a_number_was_drawn():
    for draw in (lambda: torch.rand(1), np.random.rand, np.random.randn, random.random):
        before = generators.states()
        draw()
        assert generators.states() != before
