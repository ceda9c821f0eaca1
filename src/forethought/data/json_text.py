"""A table as a line of JSON."""

import json
from collections.abc import Mapping


def json_text(table: Mapping[str, object]) -> str:
    """A table as one line of JSON that UTF-8 can hold, without its end.

    A model may write half a surrogate pair, which UTF-8 cannot hold: such a line is escaped whole.
    """
    text = json.dumps(table, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(table)
    return text
