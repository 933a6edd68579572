"""The benchmarks are scripts, in no package that is installed: here they are found."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
