"""What tests/terraform/world is planned with: configurations of the exporter, by what is special about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

BUDGETS = Path(__file__).resolve().parents[2] / "exporter" / "budgets.example.yml"
ACCOUNT = "123456789012"
REGION = "eu-west-2"
READER = "arn:aws:iam::444455556666:role/athena-reader"
OTHER_READER = "arn:aws:iam::777788889999:role/athena-reader"

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
    "regions_in_one": {
        "targets": [
            {"regions": ["eu-west-1", "eu-west-2"], "alias": "data"},
            {"regions": ["eu-west-1"], "role_arn": READER},
        ],
    },
    "targets_that_differ": {
        "targets": [
            {"region": "eu-west-1", "sources": {"lookup": {"enabled": False}, "workgroups": {"enabled": False}}},
            {"region": "eu-central-1", "sources": {"lookup": {"enabled": False}, "cloudwatch": {"enabled": True}}},
            {"region": "eu-west-1", "role_arn": READER, "sources": {"lookup": {"enabled": True}}},
        ],
    },
    "an_own_target_without_events": {
        "targets": [
            {"region": "eu-west-1", "sources": {"eventbridge": {"enabled": False}}},
            {"region": "eu-west-1", "role_arn": READER},
        ],
        "sources": {
            "eventbridge": {"enabled": True, "queue_url": "https://sqs.{region}.amazonaws.com/{account_id}/events"}
        },
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
            {"region": "us-east-1", "role_arn": OTHER_READER},
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
    "system_table": {
        "targets": [{"region": "eu-west-2"}, {"region": "us-east-1", "role_arn": READER}],
        "sources": {
            "system_table": {
                "enabled": True,
                "workgroup": "asking",
                "output_location": "s3://answers/system-table/",
            },
        },
    },
    "system_table_of_one_target": {
        "targets": [
            {"region": "eu-west-2", "sources": {"system_table": {"enabled": False}}},
            {"region": "eu-west-1"},
        ],
        "sources": {"system_table": {"enabled": True, "workgroup": "asking"}},
    },
    "history": {"history": {"enabled": True, "bucket": "the-history"}},
    "history_not_written": {"history": {"bucket": "the-history"}},
    "history_with_a_key": {
        "history": {
            "enabled": True,
            "bucket": "the-history",
            "prefix": "data/athena/",
            "kms_key": "arn:aws:kms:eu-west-2:123456789012:key/0123abcd",
        },
        "targets": [{"region": "us-east-1", "role_arn": READER}],
    },
    "history_never_merged": {
        "history": {
            "enabled": True,
            "bucket": "the-history",
            "prefix": None,
            "kms_key": "arn:aws:kms:eu-west-1:444455556666:key/0123abcd",
            "compact": False,
        },
    },
    "history_of_another_account": {
        "history": {"enabled": True, "bucket": "their-history", "role_arn": f"{READER}-4"},
        "events": {"enabled": True},
    },
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
