"""The examples in docstrings of the public functions."""

import doctest
import importlib
import pkgutil

import pytest

import repscape
import repscape.api

MODULES = [f"repscape.api.{found.name}" for found in pkgutil.iter_modules(repscape.api.__path__)]


@pytest.mark.parametrize("name", ["repscape", *MODULES])
def test_examples_do_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_function_has_an_example():
    for name in repscape.__all__:
        tests = doctest.DocTestFinder(recurse=False).find(getattr(repscape, name), name)
        assert sum(len(test.examples) for test in tests) > 1, name
