"""How the configuration names roles of IAM."""

import re

from athena_exporter.config.kinds import text


def _is_role(arn: str) -> bool:
    return re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", arn, re.ASCII) is not None


def _is_external_id(word: str) -> bool:
    return re.fullmatch(r"[\w+=,.@:/-]{2,1224}", word, re.ASCII) is not None


ROLE = text(
    wanted="the ARN of an IAM role",
    example="arn:aws:iam::111122223333:role/athena-reader",
    fits=_is_role,
)
EXTERNAL_ID = text(
    wanted="the external id in quotes (2 to 1224 letters, digits or +=,.@:/-)",
    example="'athena-observability'",
    fits=_is_external_id,
)
