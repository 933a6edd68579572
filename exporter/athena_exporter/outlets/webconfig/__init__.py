"""`--web.config.file`: TLS, passwords, headers and a rate, in the format of Prometheus's exporter-toolkit.

Stage: file -> **webconfig** -> server. Certificates and passwords are read again when their files have changed, as in
Prometheus; see https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md.
"""

import logging
from pathlib import Path
from threading import Lock

from athena_exporter.outlets.webconfig.loading import RateLimit, WebConfigError, WebSettings, read
from athena_exporter.outlets.webconfig.passwords import Crowded, Passwords
from athena_exporter.outlets.webconfig.tls import Tls
from athena_exporter.outlets.webconfig.watched import Watched

__all__ = [
    "Crowded",
    "Passwords",
    "RateLimit",
    "Tls",
    "WebConfig",
    "WebConfigError",
    "WebSettings",
    "load_web_config",
]

_log = logging.getLogger(__name__)


class WebConfig:
    """A web configuration that follows its files. Safe to ask from several threads.

    What can't be used after a change is said once in the log, and what was there before stays: a certificate that is
    being replaced must not stop scrapes. For the same reason, and so that a file in the middle of being written opens
    nothing, neither TLS nor the passwords can be switched on or off without a restart.
    """

    def __init__(self, path: Path) -> None:
        """Reads it the first time. Raises WebConfigError."""
        self._path = path
        self._lock = Lock()
        self._watched = Watched()
        self._settings = read(path, self._watched)

    def current(self) -> WebSettings:
        """What it asks for now."""
        if self._watched.changed():
            with self._lock:
                if self._watched.changed():  # another thread may have read it meanwhile
                    self._read_again()
        return self._settings

    @property
    def secured(self) -> bool:
        """Whether connections speak TLS."""
        return self._settings.tls is not None

    @property
    def tls(self) -> Tls:
        """How a connection that begins now is secured; only where `secured`."""
        tls = self.current().tls
        if tls is None:
            raise TypeError("asked for TLS where there is none")
        return tls

    def _read_again(self) -> None:
        watched = Watched()
        try:
            settings = read(self._path, watched)
            self._refuse_switching(settings)
        except WebConfigError as error:
            for line in error.lines:
                _log.warning("%s; what was read before stays in force", line)
        else:
            _log.info("%s was read again", self._path)
            self._settings = settings
        self._watched = watched

    def _refuse_switching(self, settings: WebSettings) -> None:
        if (settings.tls is None) is not (self._settings.tls is None):
            raise WebConfigError(f"{self._path}: tls_server_config came or went: that takes a restart")
        if (not settings.users) is not (not self._settings.users):
            raise WebConfigError(f"{self._path}: basic_auth_users came or went: that takes a restart")


def load_web_config(path: Path) -> WebConfig:
    """Reads the file and everything it names.

    Raises:
        WebConfigError: every problem, one line each: unreadable files, bad YAML, unknown keys, wrong values,
            certificates and keys that don't fit.
    """
    return WebConfig(path)
