"""The log of a job and its progress."""

import logging

import pytest

from repscape.core import logs


class Clock:
    """A clock that advances when told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(logs.time, "monotonic", clock)
    return clock


def work(clock, seconds, items=10):
    """Yield items that each take some seconds."""
    for item in range(items):
        clock.now += seconds
        yield [item]


def lines(caplog):
    return [record.getMessage() for record in caplog.records]


def test_progress_is_logged_every_ten_seconds(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    passed = [item for (item,) in logs.progress(work(clock, 4), "decoding bikes", "images", 10)]
    assert passed == list(range(10))
    assert lines(caplog) == [
        "decoding bikes: 3 of 10 images, 0.25/s, 28 s left",
        "decoding bikes: 6 of 10 images, 0.25/s, 16 s left",
        "decoding bikes: 9 of 10 images, 0.25/s, 4 s left",
        "decoding bikes: 10 images in 40.0 s (0.25/s)",
    ]


def test_a_short_step_logs_one_line(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    list(logs.progress(work(clock, 0), "reading pictures", "images", 10))
    (line,) = lines(caplog)
    assert line.startswith("reading pictures: 10 images in 0.0 s")


def test_items_of_several_units(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    list(logs.progress(iter([b"12345", b"678"]), "downloading x", "B", 8))
    assert lines(caplog)[-1].startswith("downloading x: 8 B in")


def test_no_items(clock, caplog):
    caplog.set_level(logging.INFO, logger="repscape")
    assert list(logs.progress(iter([]), "reading pictures", "images", 0)) == []
    assert lines(caplog)[-1].startswith("reading pictures: 0 images in")


def test_no_bar_where_there_is_no_terminal(clock, capsys):
    list(logs.progress(work(clock, 4), "decoding bikes", "images", 10))
    assert capsys.readouterr().err == ""
