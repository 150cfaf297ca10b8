"""Where PostgreSQL is, and how this project connects to it.

The contract is in ARCHITECTURE.md, "The connection": libpq's own variables where PGHOST is set; otherwise the server
of this checkout, which `.local/connection.json` describes (another folder by ATTRIBUTION_LOCAL_DIR).
"""

import json
import os
from pathlib import Path
from typing import Any

import psycopg

from .errors import HumanError
from .paths import local_dir

MINIMUM_MAJOR_VERSION = 15
CONNECT_TIMEOUT_SECONDS = 10
# PostgreSQL keeps NAMEDATALEN - 1 bytes of an application name
APPLICATION_NAME_BYTES = 63

_EVERYWHERE: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "client_encoding": "UTF8",
    # A network that goes silent is noticed after 10 + 3 * 5 seconds, not after hours
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

# What a stray libpq variable without PGHOST must not change about the connection to our own server
_OUR_SERVER_ONLY = {
    "sslmode": "prefer",
    "gssencmode": "disable",
    "channel_binding": "prefer",
    "options": "",
    "target_session_attrs": "any",
}


class ConnectionFailedError(HumanError):
    """No connection to PostgreSQL."""


class UnsuitableServerError(HumanError):
    """PostgreSQL answers, but it is too old or its database is not in UTF-8."""


def uses_own_server() -> bool:
    """Whether the server of this checkout is meant: PGHOST is not set."""
    return not os.environ.get("PGHOST")


def connection_file() -> Path:
    """The file that says where the server of this checkout is."""
    return local_dir() / "connection.json"


def connect(application_name: str = "attribution-workbench", autocommit: bool = False) -> psycopg.Connection:
    """A new connection. `application_name` is cut to the 63 bytes that PostgreSQL keeps.

    Raises ConnectionFailedError when nothing says where the server is, or it does not answer within 10 seconds.
    """
    settings = {**_EVERYWHERE, "application_name": fit_application_name(application_name)}
    if not uses_own_server():
        try:
            return psycopg.connect("", autocommit=autocommit, **settings)
        except psycopg.Error as error:
            raise ConnectionFailedError(
                f"Cannot connect to {describe()}: {_words(error)}. Check PGHOST, PGPORT, PGUSER, PGPASSWORD and "
                "PGDATABASE, "
                "or unset PGHOST to use the server of this checkout."
            ) from error
    ours = _read_connection_file()
    try:
        return psycopg.connect(
            "", **settings, **_OUR_SERVER_ONLY, **ours, hostaddr=_address(ours["host"]), autocommit=autocommit
        )
    except psycopg.Error as error:
        raise ConnectionFailedError(
            f"Cannot connect to {describe()}: {_words(error)}. If the database is not running, start it with "
            "`npm run db`."
        ) from error


def describe(connection: psycopg.Connection | None = None) -> str:
    """Server and database in one line, without the password; with a connection, what it is really connected to."""
    if connection is not None:
        info = connection.info
        where = info.host if info.host.startswith("/") else f"{info.host}:{info.port}"
        version = f"{info.server_version // 10000}.{info.server_version % 10000}"
        return f"PostgreSQL {version} at {where}, database {info.dbname}, user {info.user}"
    if uses_own_server():
        ours = _read_connection_file()
    else:
        environment = os.environ
        user = environment.get("PGUSER") or environment.get("USER") or "?"
        ours = {
            "host": environment["PGHOST"],
            "port": environment.get("PGPORT") or "5432",
            "user": user,
            "dbname": environment.get("PGDATABASE") or user,
        }
    where = ours["host"] if str(ours["host"]).startswith("/") else f"{ours['host']}:{ours['port']}"
    return f"PostgreSQL at {where}, database {ours['dbname']}, user {ours['user']}"


def check_server(connection: psycopg.Connection) -> None:
    """Raise UnsuitableServerError unless the server is PostgreSQL 15 or newer and the database is in UTF-8."""
    major = connection.info.server_version // 10000
    if major < MINIMUM_MAJOR_VERSION:
        raise UnsuitableServerError(
            f"{describe(connection)} is too old: PostgreSQL {MINIMUM_MAJOR_VERSION} or newer is needed. "
            "Point PGHOST at a newer server, or unset it to use the server of this checkout."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnsuitableServerError(
            f"The database of {describe(connection)} has encoding {encoding}; UTF8 is needed. "
            "Create one with `create database … encoding 'UTF8' template template0` and set PGDATABASE."
        )


def fit_application_name(name: str) -> str:
    """`name` as PostgreSQL will show it: printable ASCII, at most 63 bytes."""
    return "".join(character if " " <= character <= "~" else "?" for character in name)[:APPLICATION_NAME_BYTES]


def _read_connection_file() -> dict[str, Any]:
    path = connection_file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            "host": str(content["host"]),
            "port": int(content["port"]),
            "user": str(content["user"]),
            "password": str(content.get("password", "")),
            "dbname": str(content["dbname"]),
        }
    except FileNotFoundError:
        raise ConnectionFailedError(
            f"No database is running for this checkout ({path} is missing). Start it with `npm run db`, or set "
            "PGHOST to use another server."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        # The content may hold a password: the reason is named, the content is not
        raise ConnectionFailedError(
            f"{path} cannot be read ({type(error).__name__}). Stop the database, then start it again with `npm "
            "run db`: that writes the file anew."
        ) from None


def _address(host: str) -> str | None:
    """The host where it is an address itself, so that a stray PGHOSTADDR cannot send us elsewhere."""
    return host if host.replace(".", "").isdigit() or ":" in host else None


def _words(error: psycopg.Error) -> str:
    return " ".join(str(error).split()).rstrip(".")
