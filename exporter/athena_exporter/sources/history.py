"""Pages of CloudTrail's event history: one event name, one stretch of time.

Stage: CloudTrail LookupEvents -> **history** -> lookup.py, access.py.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from collections.abc import Iterator
from datetime import timedelta

from athena_exporter.sources.answers import Answer, ask
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.session import CloudTrailApi
from athena_exporter.sources.windows import Window

PAGE = 50
"""Events a page at most."""
HISTORY = timedelta(days=90)
"""How far back CloudTrail answers."""
MARGIN = timedelta(seconds=5)
"""Asked for beyond both ends of a window, because an event's time is cut to its second."""


def pages(client: CloudTrailApi, event_name: str, window: Window) -> Iterator[Answer]:
    """All pages of a window, the newest events first; every page must repeat the question.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        GarbledAnswerError: a page names itself as the next one.
    """
    question = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event_name}],
        "StartTime": window.since - MARGIN,
        "EndTime": window.until + MARGIN,
        "MaxResults": PAGE,
    }
    token: str | None = None
    while True:
        answer = ask(client.lookup_events, **question, **({"NextToken": token} if token else {}))
        yield answer
        last, token = token, answer.get("NextToken")
        if not token:
            return
        if token == last:
            raise GarbledAnswerError(operation="LookupEvents", why="its pages go round in a circle")
