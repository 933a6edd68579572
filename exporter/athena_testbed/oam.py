"""Observability Access Manager of an account that watches no other: it has no sinks, so nothing is linked to it.

Grafana's CloudWatch data source asks for the sinks to know whether it can choose between accounts. Source: botocore's
model of `oam`.
"""

from collections.abc import Callable, Mapping

from athena_testbed.wire import AwsError, Json


class AccessManager:
    """The two questions that clients of a monitoring account ask."""

    def __init__(self) -> None:
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "ListSinks": self.list_sinks,
            "ListAttachedLinks": self.list_attached_links,
        }

    def list_sinks(self, _: Json) -> Json:
        """None: only a monitoring account has one."""
        return {"Items": []}

    def list_attached_links(self, parameters: Json) -> Json:
        """Nobody's links: there is no sink that they could be attached to."""
        sink = parameters.get("SinkIdentifier")
        if not sink:
            raise AwsError("MissingRequiredParameterException", "The parameter SinkIdentifier is required.")
        raise AwsError("ResourceNotFoundException", f"The sink {sink} does not exist.", 404)
