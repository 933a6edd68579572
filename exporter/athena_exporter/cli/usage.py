"""What the help of all commands has in common."""

from collections.abc import Mapping
from typing import Any

HELP: Mapping[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""click's context settings; each command carries them itself, for click remembers a command's first help option."""
