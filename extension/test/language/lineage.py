"""The columns that queries are made of, by sqlglot: JSON on standard input and output.

In: {"schema": {"<schema>.<table>": {"<column>": "<type>"}}, "queries": {"<name>": "<sql>"}}
Out: {"<name>": [["<schema>.<table>.<column>", …], …]}, by the places of the columns

What sqlglot parses, qualifies and scopes is followed to the tables. An expression is made of everything that it reads:
conditions of FILTER and of scalar subqueries, windows by name too.
"""

import json
import sys

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope


class Query:
    def __init__(self, sql: str, schema: dict[str, object]) -> None:
        parsed = parse_one(sql, read="postgres")
        for table in parsed.find_all(exp.Table):
            table.set("catalog", None)
        root = build_scope(qualify(parsed, schema=schema, dialect="postgres"))
        if root is None:
            raise ValueError(f"No query: {sql}")
        self.root = root
        self.schema = schema
        self.owners = {
            id(column): scope for scope in root.traverse() for column in scope.find_all(exp.Column, exp.TableColumn)
        }

    def columns(self) -> list[list[str]]:
        return [sorted(self.made(self.root, at)) for at in range(len(self.root.expression.named_selects))]

    def made(self, scope: Scope, at: int) -> set[str]:
        """Of the column at a place of a query, or of rows in FROM."""
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return set().union(*(self.made(branch, at) for branch in scope.set_operation_scopes))
        if isinstance(expression, exp.Lateral):
            # A query in it has a scope of its own, VALUES have not
            if scope.subquery_scopes:
                return self.made(scope.subquery_scopes[0], at)
            expression = expression.this.unnest()
        if isinstance(expression, exp.Values):
            return self.all_read([row.expressions[at] for row in expression.expressions])
        if isinstance(expression, exp.Select):
            return self.read(expression.selects[at])
        if isinstance(expression, exp.Subquery):
            return self.made(scope.subquery_scopes[0], at)
        return self.read(expression)

    def all_read(self, expressions: list[exp.Expression]) -> set[str]:
        return set().union(*(self.read(expression) for expression in expressions))

    def read(self, expression: exp.Expression) -> set[str]:
        found: set[str] = set()
        for column in expression.find_all(exp.Column):
            found |= self.traced(column, column.table, column.name)
        for row in expression.find_all(exp.TableColumn):
            found |= self.traced(row, row.name, None)
        for window in expression.find_all(exp.Window):
            if window.alias:
                named = window.find_ancestor(exp.Select).args["windows"]
                found |= self.all_read([one for one in named if one.name == window.alias])
        return found

    def traced(self, read: exp.Expression, relation: str, name: str | None) -> set[str]:
        """A column by its name, or without one the whole row."""
        scope: Scope | None = self.owners[id(read)]
        while scope and relation not in scope.sources:
            scope = scope.parent
        if scope is None:
            raise ValueError(f"Nothing is called {relation}")
        source = scope.sources[relation]
        if isinstance(source, exp.Table):
            if isinstance(source.this, exp.Func):
                return self.read(source.this)
            columns = [name] if name else self.schema[source.db][source.name]
            return {f"{source.db}.{source.name}.{column}" for column in columns}
        if name:
            return self.made(source, place(source, name))
        return set().union(*(self.made(source, at) for at in range(len(source.expression.named_selects))))


def place(source: Scope, name: str) -> int:
    expression = source.expression
    names = source.outer_columns or expression.named_selects
    if isinstance(expression, exp.Lateral):
        inner = expression.this.unnest()
        if isinstance(inner, exp.Func):
            return 0
        names = expression.alias_column_names or inner.named_selects
    return names.index(name)


def nested(tables: dict[str, dict[str, str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path, columns in tables.items():
        schema, table = path.split(".")
        found.setdefault(schema, {})[table] = columns
    return found


given = json.load(sys.stdin)
schema = nested(given["schema"])
answers: dict[str, object] = {}
for name, sql in given["queries"].items():
    try:
        answers[name] = Query(sql, schema).columns()
    except Exception as error:
        answers[name] = f"{type(error).__name__}: {error}"
json.dump(answers, sys.stdout)
