"""Tags of Jinja, most of them a little broken, and whether the parser that dbt uses takes them.

Arguments: a seed, how many. Out: [["<text>", "<what is wrong>" or null], …]
"""

import json
import random
import re
import sys

from dbt_common.clients.jinja import get_environment
from jinja2 import TemplateSyntaxError

PIECES = (
    "a b ref config not and or if else is in defined none loop x.y 1 2.5 's' \"t\" ( ) [ ] { } , , , : = == != < | "
    "upper ~ + - * ** // % . materialized 'table'"
)
EXPRESSIONS = [
    "config(materialized='view', tags=['a', 'b'])",
    "ref('a', v=2)",
    "a if b else c",
    "x | upper | replace('a', 'b')",
    "{'a': 1, 'b': [1, 2]}",
    "a[1:2].b(c, *d, **e)",
    "a is not defined and b in c",
    "(a, b)",
    "var('x') ~ '_' ~ y",
    "not a or b",
    "a is divisibleby 3",
    "loop.index - 1",
    "x.items() | list",
    "a[::2]",
    "-a ** 2",
    "a not in b",
]
TAGS = [
    "{{ @ }}",
    "{{ @ }}",
    "{% if @ %}{% endif %}",
    "{% set x = @ %}",
    "{% for a in @ %}{% endfor %}",
    "{% for a, b in @ %}{% endfor %}",
    "{% do @ %}",
    "{% macro m(@) %}{% endmacro %}",
]
TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\w+(?:\.\d+)?|==|!=|<=|>=|\*\*|//|\S")

dice = random.Random(int(sys.argv[1]))
environment = get_environment(None, capture_macros=False)


def broken(expression: str) -> str:
    tokens = TOKEN.findall(expression)
    for _ in range(dice.randint(0, 3)):
        choice, at = dice.random(), dice.randrange(len(tokens) or 1)
        if choice < 0.4 or not tokens:
            tokens.insert(at, dice.choice(PIECES.split()))
        elif choice < 0.7:
            del tokens[at]
        else:
            other = dice.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
    return " ".join(tokens)


def refused(text: str) -> str | None:
    try:
        environment.parse(text)
    except TemplateSyntaxError as error:
        return str(error.message)
    return None


texts = [dice.choice(TAGS).replace("@", broken(dice.choice(EXPRESSIONS))) for _ in range(int(sys.argv[2]))]
json.dump([[text, refused(text)] for text in texts], sys.stdout)
