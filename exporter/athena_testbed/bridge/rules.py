"""EventBridge's rules and targets on the default bus: the operations that set them up, and which targets an event has.

Source: botocore's model of EventBridge.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from athena_testbed.bridge.patterns import matches, read_pattern
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import AwsError, Json

WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
STATES = frozenset({"ENABLED", "DISABLED", WITH_READS})
_MOST_TARGETS = 5
_QUEUE_ARN = re.compile(rf"arn:aws[\w-]*:sqs:(?P<region>[\w-]+):{ACCOUNT_ID}:(?P<name>[\w.-]+)")
_TARGET_FIELDS = frozenset({"Id", "Arn", "DeadLetterConfig", "RetryPolicy", "SqsParameters"})
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
_READ_ONLY = re.compile(r"(Describe|Get|List)")


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule with its targets, by their ids."""

    name: str
    pattern_text: str
    pattern: Json
    state: str
    description: str | None
    targets: dict[str, Json] = field(default_factory=dict)


class Rules:
    """The rules of one Region's default bus."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._rules: dict[str, Rule] = {}
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "PutRule": self.put_rule,
            "DescribeRule": self.describe_rule,
            "ListRules": self.list_rules,
            "DeleteRule": self.delete_rule,
            "EnableRule": lambda asked: self._switch(asked, "ENABLED"),
            "DisableRule": lambda asked: self._switch(asked, "DISABLED"),
            "PutTargets": self.put_targets,
            "ListTargetsByRule": self.list_targets,
            "RemoveTargets": self.remove_targets,
            "ListTagsForResource": lambda _: {"Tags": []},
        }

    def queues(self, event: Mapping[str, Any]) -> Iterator[str]:
        """The names of the queues that an event goes to, once for each rule and target that wants it."""
        for rule in self._rules.values():
            if rule.targets and _is_shown(rule.state, event) and matches(rule.pattern, event):
                for target in rule.targets.values():
                    found = _QUEUE_ARN.fullmatch(target["Arn"])
                    if found is not None:
                        yield found["name"]

    @property
    def is_listening(self) -> bool:
        """Whether any event could go anywhere."""
        return any(rule.targets and rule.state != "DISABLED" for rule in self._rules.values())

    def put_rule(self, asked: Json) -> Json:
        """Make a rule, or change one; its targets stay."""
        name, state = _name(asked, "Name"), asked.get("State") or "ENABLED"
        if asked.get("EventPattern") is None:
            raise AwsError("ValidationException", "Only rules with an EventPattern are answered here.")
        if state not in STATES:
            raise AwsError("ValidationException", f"State must be one of {', '.join(sorted(STATES))}.")
        known = self._rules.get(name)
        self._rules[name] = Rule(
            name=name, pattern_text=str(asked["EventPattern"]), pattern=read_pattern(asked["EventPattern"]),
            state=state, description=asked.get("Description"), targets=known.targets if known else {},
        )  # fmt: skip  # as short as it can be said
        return {"RuleArn": self._arn(name)}

    def describe_rule(self, asked: Json) -> Json:
        """One rule."""
        return self._shown(self._rule(asked, "Name"))

    def list_rules(self, asked: Json) -> Json:
        """All rules, or those whose names begin alike."""
        prefix = str(asked.get("NamePrefix") or "")
        return {"Rules": [self._shown(rule) for rule in self._rules.values() if rule.name.startswith(prefix)]}

    def delete_rule(self, asked: Json) -> Json:
        """Delete a rule that has no targets any more; one that is not there is no error."""
        rule = self._rules.get(_name(asked, "Name"))
        if rule is not None and rule.targets:
            raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
        self._rules.pop(_name(asked, "Name"), None)
        return {}

    def put_targets(self, asked: Json) -> Json:
        """Let a rule send to SQS queues of this account and Region, the events as they are."""
        rule = self._rule(asked, "Rule")
        for target in asked.get("Targets") or ():
            unknown = sorted(set(target) - _TARGET_FIELDS)
            found = _QUEUE_ARN.fullmatch(str(target.get("Arn")))
            if unknown or found is None or found["region"] != self._region:
                what = unknown[0] if unknown else "Arn"
                raise AwsError("ValidationException", f"Targets: {what} is none that is answered here.")
        rule.targets |= {str(target["Id"]): target for target in asked.get("Targets") or ()}
        if len(rule.targets) > _MOST_TARGETS:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def list_targets(self, asked: Json) -> Json:
        """A rule's targets."""
        return {"Targets": list(self._rule(asked, "Rule").targets.values())}

    def remove_targets(self, asked: Json) -> Json:
        """Take targets from a rule."""
        rule = self._rule(asked, "Rule")
        for each in asked.get("Ids") or ():
            rule.targets.pop(str(each), None)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _switch(self, asked: Json, state: str) -> Json:
        self._rule(asked, "Name").state = state
        return {}

    def _rule(self, asked: Json, field_name: str) -> Rule:
        name = _name(asked, field_name)
        if name not in self._rules:
            words = f"Rule {name} does not exist on EventBus default."
            raise AwsError("ResourceNotFoundException", words)
        return self._rules[name]

    def _shown(self, rule: Rule) -> Json:
        told = {
            "Name": rule.name, "Arn": self._arn(rule.name), "EventPattern": rule.pattern_text, "State": rule.state,
            "EventBusName": "default", "Description": rule.description,
        }  # fmt: skip  # as short as it can be said
        return {name: value for name, value in told.items() if value is not None}

    def _arn(self, name: str) -> str:
        return f"arn:aws:events:{self._region}:{ACCOUNT_ID}:rule/{name}"


def _name(asked: Json, field_name: str) -> str:
    name = asked.get(field_name)
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,64}", name, re.ASCII):
        raise AwsError("ValidationException", f"{field_name} must be 1 to 64 letters, digits, '.', '-' or '_'.")
    return name


def _is_shown(state: str, event: Mapping[str, Any]) -> bool:
    """CloudTrail's records of reads go only to rules that ask for all management events."""
    if state != "ENABLED":
        return state == WITH_READS
    is_call = event["detail-type"] == "AWS API Call via CloudTrail"
    return not (is_call and _READ_ONLY.match(str(event["detail"].get("eventName"))))
