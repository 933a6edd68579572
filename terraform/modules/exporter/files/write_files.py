"""Writes the files that the environment holds, and opens the folders in which others may write. Runs as root."""

import json
import os
from pathlib import Path

for name, content in json.loads(os.environ["FILES"]).items():
    Path(name).write_text(content, encoding="utf-8")
    Path(name).chmod(0o444)
for folder in json.loads(os.environ["SCRATCH_FOLDERS"]):
    Path(folder).chmod(0o1777)
