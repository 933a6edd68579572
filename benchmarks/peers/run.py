"""`make peers`: `python benchmarks/peers/run.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what all benchmarks share

from peers.main import main

if __name__ == "__main__":
    main()
