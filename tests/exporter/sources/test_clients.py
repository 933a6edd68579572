"""Which tool sent a query."""

from typing import Any

import pytest

from athena_exporter.sources.clients import detect_client

BOTO = "Boto3/1.43.2 md/Botocore#1.43.2 ua/2.1 os/linux#6.1 lang/python#3.12.4 cfg/retry-mode#legacy Botocore/1.43.2"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"


def client(agent: object = None, *, session: str | None = None, role: str | None = None, **fields: Any) -> str:
    return detect_client({"userAgent": agent, **fields}, session=session, role=role)


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        (f"{BOTO} PyAthena/4.1.0 dbt-athena/1.10.0", "dbt-athena"),
        (f"{BOTO} dbt-athena/1.10.0", "dbt-athena"),
        (f"{BOTO} Airflow/3.0.2 AmPP/9.9.0 Caller/AthenaOperator DagRunKey/0", "airflow"),
        (f"{BOTO} awswrangler/3.12.0", "awswrangler"),
        (f"{BOTO} PyAthena/4.1.0", "pyathena"),
        ("aws-sdk-go-v2/1.36 athena/v3.1.0 Grafana/11.6.0 AMG/true", "grafana"),
        ("aws-sdk-java/2.30 SomeJdbcDriver/3.5 Metabase/v0.53", "metabase"),
        (f"{BOTO} Redash/25.1", "redash"),
        ("aws-sdk-java/2.30 AmazonAthenaJdbcDriver/3.5", "jdbc"),
        ("aws-sdk-cpp/1.11 AmazonAthenaODBCDriver/2.0", "odbc"),
        (f"{BOTO} exec-env/AWS_Glue_ETL_5.0 awsglue/5.0", "glue"),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9 aws-sdk-go-v2/1.36", "terraform"),
        (f"{BOTO} exec-env/AWS_Lambda_python3.12", "lambda"),
        ("aws-cli/2.27 md/command#athena.start-query-execution", "aws-cli"),
        (BOTO, "boto3"),
        ("Botocore/1.40.1 Python/3.11", "boto3"),
        ("aws-sdk-java/2.30 md/io#sync", "sdk-java"),
        ("aws-sdk-go/1.38.37 (go1.16; linux; amd64)", "sdk-go"),
        ("aws-sdk-go-v2/1.36.3", "sdk-go"),
        ("aws-sdk-js/3.840", "sdk-js"),
        ("aws-sdk-nodejs/2.1 linux/v18", "sdk-js"),
        ("aws-sdk-dotnet-coreclr/3.7", "sdk-dotnet"),
        ("aws-sdk-net/4.0", "sdk-dotnet"),
        ("aws-sdk-php/3.3", "sdk-php"),
        ("aws-sdk-ruby3/3.2", "sdk-ruby"),
        ("aws-sdk-rust/1.3", "sdk-rust"),
        ("aws-sdk-cpp/1.11", "sdk-cpp"),
        ("aws-sdk-kotlin/1.4", "sdk-kotlin"),
        ("aws-sdk-swift/1.0", "sdk-swift"),
        (BROWSER, "console"),
        ("curl/8.5", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (["Boto3/1"], "unknown"),
    ],
)
def test_the_outermost_word_of_the_agent_names_the_tool(agent: object, tool: str) -> None:
    assert client(agent) == tool


def test_the_console_is_known_by_its_flag_even_without_a_browser() -> None:
    assert client("aws-internal/3", sessionCredentialFromConsole="true") == "console"
    assert client(None, sessionCredentialFromConsole=True) == "console"
    assert client(None, sessionCredentialFromConsole="false") == "unknown"


def test_a_shell_opened_from_the_console_is_the_tool_it_runs() -> None:
    assert client("aws-cli/2.27 exec-env/CloudShell", sessionCredentialFromConsole="true") == "aws-cli"


@pytest.mark.parametrize(
    ("session", "tool"),
    [
        ("dbt-athena", "dbt-athena"),
        ("Airflow_aws_default", "airflow"),
        ("QuickSight-RoleSession-1", "quicksight"),
        ("PyAthena-session-1", "pyathena"),
        ("GlueJobRunnerSession", "glue"),
        ("jane", "boto3"),
    ],
)
def test_a_session_tells_what_a_plain_library_does_not(session: str, tool: str) -> None:
    assert client(BOTO, session=session) == tool


def test_a_role_named_after_its_server_tells_what_the_driver_does_not() -> None:
    assert client(f"{BOTO} PyAthena/4.1", session="kim@example.org", role="redash-runner") == "redash"
    assert client(BOTO, role="aws-quicksight-service-role-v0") == "quicksight"


def test_a_service_is_believed_only_where_aws_wrote_its_name() -> None:
    assert client("datazone.amazonaws.com", sourceIPAddress="datazone.amazonaws.com") == "datazone.amazonaws.com"
    assert client(BOTO, userIdentity={"invokedBy": "lakeformation.amazonaws.com"}) == "lakeformation.amazonaws.com"
    assert client("glue.amazonaws.com", sourceIPAddress="glue.amazonaws.com") == "glue"
    assert client("forged.amazonaws.com", sourceIPAddress="203.0.113.9") == "unknown"


def test_only_the_part_of_an_agent_that_cloudtrail_keeps_is_read() -> None:
    assert client("x" * 1024 + " Boto3/1.0") == "unknown"
