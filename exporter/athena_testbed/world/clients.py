"""The tools that start queries: what their user agents look like. Data, written after what each tool really sends."""

from collections.abc import Mapping
from dataclasses import dataclass

_BOTO = (
    "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.1.102 md/arch#x86_64 lang/python#3.11.9"
    " md/pyimpl#CPython m/Z,b,D cfg/retry-mode#standard Botocore/1.40.61"
)
_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
DAG_KEY = "0b1ec7de-7f23-5d1b-9b9c-7cf1f2a3c1d4"
"""What Airflow's user agent says instead of the DAG's id: a hash of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One tool: `service` means that its user agent is also CloudTrail's source address."""

    name: str
    user_agent: str
    service: bool = False


_AGENTS: Mapping[str, str] = {
    "console": _CHROME,
    "boto3": _BOTO,
    "awswrangler": f"{_BOTO} awswrangler/3.13.0",
    "pyathena": f"{_BOTO} PyAthena/3.19.0",
    "dbt-athena": f"{_BOTO} dbt-athena/1.9.5",
    "airflow": f"{_BOTO} Airflow/2.10.5 AmPP/9.4.0 Caller/AthenaOperator DagRunKey/{DAG_KEY}",
    "grafana": "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#amd64"
    " exec-env/AWS_ECS_FARGATE api/athena#1.50.2 athena/v3.1.0 Grafana/11.6.0 AMG/false",
    "metabase": "aws-sdk-java/2.30.31 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.102 lang/java#21.0.6"
    " AmazonAthenaJdbcDriver/3.5.0 Metabase/v0.53.8",
    "redash": f"{_BOTO} PyAthena/2.25.2",
    "jdbc": "aws-sdk-java/2.30.31 md/io#sync md/http#Apache ua/2.1 os/Windows_11#10.0 lang/java#21.0.6"
    " AmazonAthenaJdbcDriver/3.5.0",
    "odbc": "aws-sdk-cpp/1.11.500 ua/2.1 api/athena os/Windows#10.0 lang/c++#C++17 AmazonAthenaODBCDriver/2.0.3",
    "aws-cli": "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4"
    " md/installer#exe md/command#athena.start-query-execution",
    "glue": f"{_BOTO} exec-env/AWS_Glue_ETL_5.0 awsglue/5.0",
    "lambda": f"{_BOTO} exec-env/AWS_Lambda_python3.12",
    "sdk-go": "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#arm64 api/athena#1.50.2",
    "sdk-java": "aws-sdk-java/2.30.31 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.234 lang/java#17.0.14",
    "sdk-js": "aws-sdk-js/3.840.0 ua/2.1 os/linux#5.10.234 lang/js md/nodejs#22.14.0 api/athena#3.840.0",
}
_SERVICES: Mapping[str, str] = {
    "quicksight": "quicksight.amazonaws.com",
    "lakeformation.amazonaws.com": "lakeformation.amazonaws.com",
    "datazone.amazonaws.com": "datazone.amazonaws.com",
}

CLIENTS: Mapping[str, Client] = {
    **{name: Client(name=name, user_agent=agent) for name, agent in _AGENTS.items()},
    **{name: Client(name=name, user_agent=agent, service=True) for name, agent in _SERVICES.items()},
}
"""Name -> tool."""
