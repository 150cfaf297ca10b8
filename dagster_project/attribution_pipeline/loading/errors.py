"""What stops a load. Everything that was loaded before stays as it was."""

import psycopg

from ..errors import HumanError


class LoadError(HumanError):
    """The load stopped and changed nothing: the message names the file, and the column or record (attribution rules,
    section 1)."""


class DatabaseFailedError(HumanError):
    """PostgreSQL refused or went away in mid-load; the transaction is gone with it, so nothing changed."""


def database_words(error: psycopg.Error) -> str:
    """What PostgreSQL itself said, in one line: message, detail and hint."""
    diagnostic = error.diag
    if diagnostic.message_primary:
        parts = [diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint]
        return "; ".join(part for part in parts if part)
    return " ".join(str(error).split()) or type(error).__name__
