"""The result of a run on the terminal: channel performance and the reconciliation."""

from psycopg import sql
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typing_extensions import LiteralString

from attribution_pipeline.connection import connect
from attribution_pipeline.manifest_facts import relation

_REPORTS: list[tuple[str, str, list[str], LiteralString]] = [
    (
        "Channel performance",
        "channel_performance",
        ["channel", "first_touch_revenue", "last_touch_revenue", "total_conversions", "unique_clients"],
        "2 desc, 3 desc, 1",
    ),
    (
        "Reconciliation: records read = staged + rejected",
        "load_reconciliation",
        ["source_file", "records_read", "records_staged", "records_rejected"],
        "1",
    ),
]


def print_report() -> None:
    """Prints both tables from the database."""
    terminal = Console().is_terminal
    # Narrower than its values a table would lose some of them
    console = Console(width=max(Console().width, 80) if terminal else 120, highlight=False)
    with connect(application_name="attribution report", autocommit=True) as connection:
        for title, model, columns, order in _REPORTS:
            table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD if terminal else box.MARKDOWN)
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("select {} from {} order by {}").format(names, relation(model), sql.SQL(order))
            rows = [["" if value is None else str(value) for value in row] for row in connection.execute(query)]
            for index, column in enumerate(columns):
                # Where the terminal is narrow the headings are broken, never the values
                widest = max((len(row[index]) for row in rows), default=0)
                heading = column.replace("_", " ") if terminal else column
                table.add_column(heading, justify="left" if index == 0 else "right", min_width=widest)
            for row in rows:
                table.add_row(*map(Text, row))
            console.print()
            console.print(table)
