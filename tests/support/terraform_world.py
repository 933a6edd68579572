"""What tests/terraform/world is planned with: configurations of the exporter, by what is special about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

BUDGETS = Path(__file__).resolve().parents[2] / "exporter" / "budgets.example.yml"
ACCOUNT = "123456789012"
REGION = "eu-west-2"
READER = "arn:aws:iam::444455556666:role/athena-reader"

CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "everything": {
        "sources": {"cloudwatch": {"enabled": True}, "workgroups": {"tags": ["component", "owner"]}},
        "events": {"enabled": True, "query_text": "none"},
    },
    "little": {
        "sources": {"lookup": {"enabled": False}, "workgroups": {"enabled": False, "tags": ["component"]}},
        "sql": {"views": False},
    },
    "no_tables": {"sql": {"tables": False, "views": True}},
    "null_keys": {"targets": None, "sources": {"workgroups": {"tags": []}}, "budgets": None},
    "two_regions": {
        "targets": [{"region": "eu-west-1"}, {"region": "eu-central-1"}],
        "events": {"enabled": True, "table_access_group": "/a/access", "queries_group": "/a/queries"},
    },
    "own_and_others": {
        "targets": [
            {"region": "eu-west-2"},
            {"region": "us-east-1", "role_arn": READER, "external_id": "audit-external"},
        ],
    },
    "others_alone": {
        "targets": [
            {"region": "us-east-1", "role_arn": READER},
            {"region": "us-west-2", "role_arn": READER},
            {"region": "us-east-1", "role_arn": f"{READER}-2"},
        ],
        "events": {"enabled": True},
        "sources": {"cloudwatch": {"enabled": True}},
    },
    "guarded_elsewhere": {
        "guard": {
            "mode": "enforce",
            "role_arn": "arn:aws:iam::123456789012:role/guard",
            "external_id": "guard-external",
        }
    },
    "dry_run": {"guard": {"mode": "dry_run"}},
    "queue": {
        "sources": {
            "eventbridge": {"enabled": True, "queue_url": "https://sqs.eu-west-2.amazonaws.com/123456789012/events"}
        }
    },
    "queues": {
        "targets": [{"region": "eu-west-2"}, {"region": "eu-west-1"}],
        "sources": {
            "eventbridge": {"enabled": True, "queue_url": "https://sqs.{region}.amazonaws.com/{account_id}/events"}
        },
    },
    "queue_not_read": {"sources": {"eventbridge": {"queue_url": "https://sqs.eu-west-2.amazonaws.com/1/events"}}},
    "trail": {
        "sources": {
            "trail": {
                "enabled": True,
                "queue_url": "https://sqs.eu-west-1.amazonaws.com/444455556666/trail-files",
                "bucket": "org-trail",
                "prefix": "logs",
            },
        },
        "events": {"enabled": True},
    },
    "trail_without_prefix": {
        "sources": {
            "trail": {
                "enabled": True,
                "queue_url": "https://sqs.eu-west-2.amazonaws.com/123456789012/trail-files",
                "bucket": "own-trail",
            },
        },
    },
    "trail_not_read": {"sources": {"trail": {"enabled": False, "bucket": "own-trail"}}},
    "told": {
        "notifications": {
            "sns": [
                {"name": "own", "topic_arn": "arn:aws:sns:eu-west-2:123456789012:athena"},
                {"name": "other", "topic_arn": "arn:aws:sns:eu-west-1:444455556666:athena", "role_arn": f"{READER}-3"},
            ],
            "webhooks": [{"name": "slack", "format": "slack", "url_env": "SLACK_URL"}],
        }
    },
}
"""Each one through the module and through `athena-exporter iam-policy`."""


def variables() -> dict[str, Any]:
    """The variables of the root."""
    return {"configurations": CONFIGURATIONS, "budgets": BUDGETS.read_text(encoding="utf-8")}
