"""An independent model of the attribution rules, and a generator of raw folders biased to their edges.

Plain Python, the standard library only, written from the text of the rules and from nothing else: it shares no code
with the pipeline, so that where the two agree, two readings of the rules agree.

    from tests.reference import Variables, attribute, generate

    generate(folder, seed=7, clients=60)
    marts = attribute(folder, Variables())
    marts.first_touch_attribution        # list of dicts: typed values, columns in the order of the rules
    as_text(marts.channel_performance)   # sorted tuples of text, as an expected CSV file has them
"""

from .dialect import LoadStoppedError
from .generator import generate, generate_folder, write_folder
from .model import COLUMNS, Marts, Variables, as_text, attribute

__all__ = [
    "COLUMNS",
    "LoadStoppedError",
    "Marts",
    "Variables",
    "as_text",
    "attribute",
    "generate",
    "generate_folder",
    "write_folder",
]
