"""An embedded AWS account with a simulated company: Athena, CloudTrail, and the truth about both.

For tests: `with athena_testbed.running(Settings(...)) as testbed:` gives an endpoint on loopback (`testbed.url`).
For people: `athena-testbed --help`.
"""

from athena_testbed.server import Running, running
from athena_testbed.settings import ACCOUNT_ID, Rhythm, Settings

__all__ = ["ACCOUNT_ID", "Rhythm", "Running", "Settings", "running"]
