"""What stops a load. Everything that was loaded before stays as it was."""

from ..errors import HumanError


class LoadError(HumanError):
    """The load stopped and changed nothing: the message names the file, and the column or record.

    Attribution rules, section 1.
    """


class DatabaseFailedError(HumanError):
    """PostgreSQL refused or went away in mid-load; the transaction is gone with it, so nothing changed."""
