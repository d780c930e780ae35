"""Settings for the whole suite."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# No deadlines: a busy machine is not an error. CI tries the same examples every time, so that it fails for a reason.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Shells have background jobs ignore Ctrl-C; the tests of what it does need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
