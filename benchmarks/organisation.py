"""An organisation behind one address: accounts with a company in each of their Regions, and a role that opens each.

`organisation.py ACCOUNTS WORKGROUPS QUERIES_PER_MINUTE` prints the address and answers until SIGTERM; the last two
numbers are those of one account in one Region.
"""

import sys
from datetime import timedelta
from threading import Event

from athena_testbed.organisation import Organisation, Role, organised
from athena_testbed.settings import Rhythm, Settings

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2")
HISTORY = timedelta(hours=1)


def account_ids(many: int) -> list[str]:
    """The accounts' numbers."""
    return [f"{number:012}" for number in range(200_000_000_001, 200_000_000_001 + many)]


def role_of(account: str) -> str:
    """The role that opens an account."""
    return f"arn:aws:iam::{account}:role/athena-reader"


def main() -> None:
    accounts, workgroups, queries_per_minute = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    settings = Settings(
        workgroups=workgroups,
        queries_per_minute=queries_per_minute,
        history=HISTORY,
        history_queries_per_day=queries_per_minute * 1440,
        rhythm=Rhythm.OFF,
    )
    organisation = Organisation(dict.fromkeys(account_ids(accounts), REGIONS), settings)
    organisation.trust(*(Role(arn=role_of(account)) for account in account_ids(accounts)))
    with organised(organisation):
        print(organisation.url, flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
