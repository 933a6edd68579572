"""What the jobs of the company are called: the names that an observer should read from the SQL's comments.

The scheme, by the tool that writes the comment:

    dbt          /* {"app": "dbt", ..., "node_id": "model.harbour.orders"} */       dbt:model.harbour.orders
    Airflow      /* {"dag_id": "sales_daily", "task_id": "load_orders"} */          airflow:sales_daily.load_orders
                 -- dag_id=sales_daily task_id=load_orders run_id=...                (the same, whatever the run)
    Metabase     -- Metabase:: userID: 7 queryType: MBQL queryHash: ...              metabase:user 7
    Redash       /* Username: ann@harbour.example, query_id: 12, ... */              redash:ann@harbour.example
    QuickSight   /* QuickSight 7f0c...-... */                                        quicksight:7f0c...-...

Where the SQL says nothing, the start's event may, which only those know who see that event:

    Airflow      user agent ... Caller/AthenaOperator DagRunKey/<uuid of the DAG>    airflow:AthenaOperator/<uuid>
    Lambda       user agent ... exec-env/AWS_Lambda_..., session = the function      lambda:price-alert

Any other query belongs to no workload.
"""

from athena_testbed.world.clients import DAG_KEY
from athena_testbed.world.people import Principal


def of_start(principal: Principal, client: str) -> str | None:
    """The workload that the start's event tells: by its user agent and its session."""
    if client == "airflow":
        return f"airflow:AthenaOperator/{DAG_KEY}"
    return f"lambda:{principal.details['session']}" if client == "lambda" and "session" in principal.details else None


def dbt(node_id: str) -> str:
    """The workload of a dbt node."""
    return f"dbt:{node_id}"


def airflow(dag_id: str, task_id: str) -> str:
    """The workload of an Airflow task."""
    return f"airflow:{dag_id}.{task_id}"


def metabase(user_id: int) -> str:
    """The workload of somebody's questions in Metabase."""
    return f"metabase:user {user_id}"


def redash(username: str) -> str:
    """The workload of somebody's queries in Redash."""
    return f"redash:{username}"


def quicksight(dataset: str) -> str:
    """The workload of a QuickSight dataset."""
    return f"quicksight:{dataset}"
