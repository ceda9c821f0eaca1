import torch

from forethought.training import States, TrainPair
from forethought.training.pair_batch import answered, pair_batch
from forethought.types import Document, Message, Side, Text


def document(label):
    return Document(Message((Text(label),), "", Side.DOCUMENT), label)


def pair(label, *negatives, also=()):
    return TrainPair(
        "colours",
        Message((Text("which?"),), "", Side.QUERY),
        None,
        document(label),
        tuple(map(document, negatives)),
        frozenset({label, *also}),
    )


def states(rows, thought_rows):
    """Direct states that count up from 0, thought states from 100, in the order given."""
    return States(
        torch.arange(3.0 * rows).view(rows, 3),
        torch.tensor(thought_rows)[:, None].expand(-1, 3) + 100.0,
        tuple(thought_rows),
        torch.zeros(0),
        (),
    )


def paired(pairs, states, *, documents_think=True):
    """The batch of rows that are queries, then documents, then negatives."""
    rows = len(states.direct)
    sides = [Side.QUERY] * len(pairs) + [Side.DOCUMENT] * (rows - len(pairs))
    return pair_batch(pairs, states, sides, documents_think=documents_think)


def test_documents_that_answer_a_query_are_marked():
    pairs = [pair("red", "rust"), pair("blue", also=("navy",)), pair("red"), pair("grey", "navy")]
    # Columns: red, blue, red, grey, and the negatives rust and navy.
    assert answered(pairs).int().tolist() == [
        [1, 0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 1],
        [1, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
    ]


def test_rows_are_queries_then_documents_then_negatives():
    batch = paired([pair("red", "rust"), pair("blue")], states(5, []))
    assert batch.queries[:, 0].tolist() == [0, 3]
    assert batch.documents[:, 0].tolist() == [6, 9, 12]
    assert len(batch.thinking) == 0


def test_thought_states_are_brought_into_the_pairs_order():
    # Pairs 0 and 1 think; the reader gives row 4 (a document), 0, 3 and 1.
    pairs = [pair("red"), pair("blue"), pair("grey")]
    batch = paired(pairs, states(6, [4, 0, 3, 1]))
    assert batch.thinking.tolist() == [0, 1]
    assert batch.thought_queries[:, 0].tolist() == [100, 101]
    assert batch.thought_documents is not None
    assert batch.thought_documents[:, 0].tolist() == [103, 104]


def test_a_pair_with_a_thought_on_one_side_alone_does_not_think():
    pairs = [pair("red"), pair("blue"), pair("grey")]
    batch = paired(pairs, states(6, [0, 3, 1]))
    assert batch.thinking.tolist() == [0]


def test_where_documents_never_think_a_query_is_enough():
    pairs = [pair("red"), pair("blue"), pair("grey")]
    batch = paired(pairs, states(6, [1, 0]), documents_think=False)
    assert batch.thinking.tolist() == [0, 1]
    assert batch.thought_queries[:, 0].tolist() == [100, 101]
    assert batch.thought_documents is None
