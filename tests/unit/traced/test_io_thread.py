"""Images on their way to a network and values on their way to files, in turn and beside."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import torch

from repscape.traced import io_thread
from repscape.traced.io_thread import IoThread

BESIDE = pytest.mark.parametrize("beside", [False, True])


class Images:
    """Notes which images are read, and by which thread."""

    def __init__(self):
        self.pixels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
        self.asked = []

    def __call__(self, part):
        self.asked.append((part.start, threading.get_ident()))
        return self.pixels[part.start : part.stop]


class Slow(dict):
    """A variable of a file that takes its time, and notes who writes."""

    def __init__(self, fail_at=None):
        self.threads, self.fail_at = set(), fail_at

    def __setitem__(self, place, values):
        time.sleep(0.01)
        self.threads.add(threading.get_ident())
        if place.start == self.fail_at:
            raise OSError(28, "No space left on device")
        super().__setitem__(place.start, values.copy())


@BESIDE
def test_parts_come_in_order_and_one_is_read_ahead(beside):
    images, parts = Images(), [range(0, 4), range(4, 8), range(8, 10)]
    with IoThread(beside) as on_its_way:
        for number, (part, pixels) in enumerate(on_its_way.read(images, parts)):
            assert part == parts[number]
            assert pixels.flatten().tolist() == list(part)
            assert len(images.asked) <= number + 1 + beside
    threads = {thread for _, thread in images.asked}
    assert len(threads) == 1
    assert (threading.get_ident() in threads) is not beside


@BESIDE
@pytest.mark.parametrize("waiting", [4, 0])
def test_memory_of_values_may_be_used_again_at_once(beside, waiting, monkeypatch):
    variable, room = Slow(), torch.empty(2, 3)
    monkeypatch.setattr(io_thread, "WAITING", waiting * room.nbytes)
    with IoThread(beside) as on_its_way:
        for number in range(12):
            on_its_way.write(room.fill_(number), variable, slice(number, number + 2))
            assert number + 1 - len(variable) <= waiting  # no more than that waits
    assert {place: set(values.flat) for place, values in variable.items()} == {n: {n} for n in range(12)}
    assert len(variable.threads) == 1


@BESIDE
@pytest.mark.parametrize("fail_at", [0, 9])
def test_an_error_of_writing_is_raised(beside, fail_at):
    def written(variable):
        with IoThread(beside) as on_its_way:
            for number in range(10):
                on_its_way.write(torch.zeros(1, 1), variable, slice(number, number + 1))

    with pytest.raises(OSError, match="No space left"):
        written(Slow(fail_at))


def test_an_error_beside_leaves_what_waits():
    variable, before = Slow(), threading.active_count()

    def interrupted():
        with IoThread(beside=True) as on_its_way:
            for number in range(10):
                on_its_way.write(torch.zeros(1, 1), variable, slice(number, number + 1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(variable) < 10
    assert threading.active_count() == before


def test_an_error_beside_is_raised_by_the_next_values():
    asked = []

    def written():
        with IoThread(beside=True) as on_its_way:
            for number in range(1000):
                asked.append(number)
                on_its_way.write(torch.zeros(1, 1), Slow(fail_at=0), slice(number, number + 1))
                time.sleep(0.02)

    with pytest.raises(OSError, match="No space left"):
        written()
    assert len(asked) < 100


@pytest.fixture
def ctrl_c():
    """Let SIGINT raise KeyboardInterrupt, also where pytest's workers ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_the_last_values_are_written_lets_these_end(ctrl_c):
    class Interrupting(dict):
        def __setitem__(self, place, values):
            time.sleep(0.2)  # until the other thread waits
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)
            super().__setitem__(place.start, "written")

    variable = Interrupting()

    def interrupted():
        with IoThread(beside=True) as on_its_way:
            on_its_way.write(torch.zeros(1, 1), variable, slice(0, 1))

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert variable == {0: "written"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_values_leave_a_gpu_before_their_memory_is_used_again():
    variable, room = {}, torch.empty(1000, 1000, device="cuda")

    class Kept:
        def __setitem__(self, place, values):
            variable[place.start] = values.copy()

    with IoThread(beside=True) as on_its_way:
        for number in range(20):
            on_its_way.write(room.fill_(number), Kept(), slice(number, number + 1))
    assert all((values == number).all() for number, values in variable.items())
    assert len(variable) == 20
