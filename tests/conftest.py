"""Settings for the whole suite."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Iterator

import pytest
from hypothesis import settings

# No deadlines: a busy machine is not an error. CI tries the same examples every time, so that it fails for a reason.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Shells have background jobs ignore Ctrl-C; the tests of what it does need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if sys.version_info < (3, 10):  # for which there is no IronCalc: what asks for it cannot be tried

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup() -> Iterator[None]:
        _skip_without_ironcalc((yield))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call() -> Iterator[None]:
        _skip_without_ironcalc((yield))

    def _skip_without_ironcalc(outcome: Any) -> None:
        if outcome.excinfo is not None and "the engine 'ironcalc' is not installed" in str(outcome.excinfo[1]):
            outcome.force_exception(pytest.skip.Exception("IronCalc needs Python 3.10"))
