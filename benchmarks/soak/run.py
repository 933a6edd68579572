"""`make soak`: `python benchmarks/soak/run.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what all benchmarks share
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))  # the truth as series, the history

from soak.main import main

if __name__ == "__main__":
    sys.exit(main())
