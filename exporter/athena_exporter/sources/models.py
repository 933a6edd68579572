"""AWS's descriptions of its services: botocore's, read once for all sessions of the process.

Stage: composition root -> **models** -> session.py. Each session would read 20 MB of them by itself.
"""

import threading
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import botocore.session
from botocore.loaders import Loader

Models: TypeAlias = Loader


class _Shared(Loader):
    """Botocore's own remembers what it has read, but threads that ask at the same moment read it each."""

    def __init__(self, search_paths: Sequence[str]) -> None:
        super().__init__(extra_search_paths=list(search_paths), include_default_search_paths=False)
        self._reading = threading.RLock()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        with self._reading:
            return super().load_service_model(service_name, type_name, api_version)

    def load_data(self, name: str) -> Any:
        with self._reading:
            return super().load_data(name)


def shared_models() -> Models:
    """For several sessions, whatever threads make their clients."""
    own = cast("Loader", botocore.session.Session().get_component("data_loader"))
    return _Shared(own.search_paths)
