"""What PostgreSQL itself said about an error, also when it said so while closing the connection."""

from contextlib import suppress

import psycopg
from psycopg.pq import ConnStatus


class LastWords:
    """Listens on one connection. libpq hands over the message of a server that ends a connection as a notice only."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._fatal: str | None = None
        connection.add_notice_handler(self._hear)

    def of(self, error: psycopg.Error) -> str:
        """The database's words for `error` in one line: message, detail and hint."""
        diagnostic = error.diag
        if diagnostic.message_primary:
            return _in_one_line(diagnostic)
        pgconn = self._connection.pgconn
        if pgconn.status == ConnStatus.BAD:
            with suppress(psycopg.Error):
                # Ends the COPY on our side, so that what else arrived is parsed
                pgconn.get_result()
                pgconn.is_busy()
        return self._fatal or " ".join(str(error).split()).rstrip(".") or type(error).__name__

    def stop_listening(self) -> None:
        self._connection.remove_notice_handler(self._hear)

    def _hear(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized in ("FATAL", "PANIC"):
            self._fatal = _in_one_line(diagnostic)


def _in_one_line(diagnostic: psycopg.errors.Diagnostic) -> str:
    parts = (diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint)
    return "; ".join(" ".join(part.split()).rstrip(".") for part in parts if part)
