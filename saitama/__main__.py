"""`python -m saitama` is the `saitama` command."""

from __future__ import annotations

import sys

from saitama.cli import main

if __name__ == "__main__":
    sys.exit(main())
