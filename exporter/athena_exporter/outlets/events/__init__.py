"""Events in CloudWatch Logs: who used which table, and every finished query, each at least once.

Stage: the ledger's outbox -> **shape -> delivery** -> watchtower -> CloudWatch Logs. `fields.py` names every field,
`shape.py` is pure, `acceptance.py` knows what CloudWatch Logs has taken, `transport.py` sends a round until nothing
of it is open, `delivery.py` takes rounds out of the outbox. docs/events.md is for people who query them.
"""

from athena_exporter.outlets.events.delivery import Delivery, Groups
from athena_exporter.outlets.events.fields import ACCESS_FIELDS, GUARD_FIELDS, QUERY_FIELDS, Field
from athena_exporter.outlets.events.shape import Event, Stream, events_of

__all__ = [
    "ACCESS_FIELDS",
    "GUARD_FIELDS",
    "QUERY_FIELDS",
    "Delivery",
    "Event",
    "Field",
    "Groups",
    "Stream",
    "events_of",
]
