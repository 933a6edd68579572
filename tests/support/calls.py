"""Records of CloudTrail in full: a start, a grant of Lake Formation, a look at a table. Fuzzers spoil them."""

from athena_exporter.records import Target
from athena_exporter.sources.identity import IdentityRules

RULES = IdentityRules.of()
TARGET = Target(account_id="111122223333", region="eu-west-1")
WHO = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:jane@example.org",
    "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Analyst_0123456789abcdef/jane@example.org",
    "accountId": "111122223333",
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "AWSReservedSSO_Analyst_0123456789abcdef"}},
}
FRAME = {
    "eventVersion": "1.11",
    "userIdentity": WHO,
    "eventTime": "2026-11-22T08:15:30Z",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "Boto3/1.40 Airflow/2.10 AmPP/9 Caller/AthenaOperator DagRunKey/0b1ec7de-7f23-5d1b-9b9c-7cf1f2a3c1d4",
    "eventID": "5f1d6f0a-0d7b-4a59-8a55-0f3f7f1d9c22",
    "recipientAccountId": "111122223333",
}
START = {
    **FRAME,
    "eventSource": "athena.amazonaws.com",
    "eventName": "StartQueryExecution",
    "requestParameters": {"queryString": "***OMITTED***", "workGroup": "etl"},
    "responseElements": {"queryExecutionId": "0e6f1c1e-55d1-4f44-9a63-2f0f6a0d7b11"},
}
GRANT = {
    **FRAME,
    "eventSource": "lakeformation.amazonaws.com",
    "eventName": "GetDataAccess",
    "requestParameters": {
        "tableArn": "arn:aws:glue:eu-west-1:111122223333:table/flights/local",
        "permissions": ["SELECT"],
        "auditContext": {"additionalAuditContext": "{queryId: 33333333-4444-5555-6666-777777777777}"},
    },
    "additionalEventData": {"requesterService": "ATHENA"},
}
LOOK = {
    **FRAME,
    "eventSource": "glue.amazonaws.com",
    "eventName": "GetTable",
    "requestParameters": {"catalogId": "111122223333", "databaseName": "sales", "name": "orders"},
}
