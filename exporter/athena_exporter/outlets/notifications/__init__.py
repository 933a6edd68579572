"""Notifications: people are told when somebody comes to a level of a budget, and when the guard acts, at least once.

Stage: the ledger's outbox -> **notice -> message -> forms -> delivery** -> SNS, webhooks. `notice.py` reads facts,
`people.py` knows whom to address, `message.py` finds the words, `forms.py` gives them the shape that a channel wants;
all of that is pure. `webhook.py` posts; each channel is a reader of the outbox of its own, so that one which is down
holds up no other. docs/budgets.md is for people who receive them.
"""

from athena_exporter.outlets.notifications.delivery import Notifier, Tally, Wanted
from athena_exporter.outlets.notifications.errors import ChannelError, RefusedError
from athena_exporter.outlets.notifications.forms import to_json, to_letter, to_slack
from athena_exporter.outlets.notifications.message import Message, message_of
from athena_exporter.outlets.notifications.notice import Notice, notice_of, trial
from athena_exporter.outlets.notifications.people import People, Person
from athena_exporter.outlets.notifications.senders import Sender, TopicSender, WebhookSender
from athena_exporter.outlets.notifications.webhook import Webhook

__all__ = [
    "ChannelError",
    "Message",
    "Notice",
    "Notifier",
    "People",
    "Person",
    "RefusedError",
    "Sender",
    "Tally",
    "TopicSender",
    "Wanted",
    "Webhook",
    "WebhookSender",
    "message_of",
    "notice_of",
    "to_json",
    "to_letter",
    "to_slack",
    "trial",
]
