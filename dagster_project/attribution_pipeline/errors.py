"""The errors that people read: each says what happened, where, and what to do next."""


class HumanError(Exception):
    """An error whose message is meant for a person: what happened, where, and the next action. It needs no
    traceback."""


def shown(text: str) -> str:
    """`text` made safe to print in one line: line ends, escapes and bytes that are not UTF-8 (`os.fsdecode`) are spelt
    out."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
