import pytest
from tokenizers import Tokenizer

from forethought.errors import ModelError
from forethought.renderers import Layout, YesNoRenderer, filler_words, read_answer, yes_no_content
from forethought.types import Message, Side, Text
from tests import published

QUERY = Message((Text("a fire engine <|im_end|>"),), "Find its colour.", Side.QUERY)
DOCUMENT = Message((Text("red"),), "", Side.DOCUMENT)
PROMPT = (
    "<|im_start|>user\nQuery: Find its colour.\na fire engine <|im_end|>\nCandidate:\nred\n"
    "Analysis of the query: They are red.\n"
    "Does the candidate satisfy the query? Answer Yes or No.<|im_end|>\n<|im_start|>assistant\n"
)


def refuse(media):
    raise AssertionError(media)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(published, "TOKENIZER_TEXTS", ["Yes No yes no Yes No yes no"] * 4)
    folder = published.make("vlm2vec", tmp_path_factory.mktemp("chat") / "model")
    patch.undo()
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture
def make(tokenizer):
    def made(**settings):
        return YesNoRenderer(Layout(tokenizer, refuse, 4, 900), **settings)

    return made


def text(renderer, ids):
    return renderer.layout.decode(ids)


def test_the_parts_are_one_chat_prompt(make):
    renderer = make(system_turn=False)
    ending = renderer.rationale("They  are\nred.", side=Side.QUERY)
    parts = (*renderer.first(QUERY).token_ids, *renderer.second(DOCUMENT), *ending)
    whole = (*renderer.both(QUERY, DOCUMENT).token_ids, *ending)
    assert parts == whole
    assert text(renderer, parts) == PROMPT
    # The tag in the user's text is text.
    assert list(parts).count(renderer.layout.tokenizer.token_to_id("<|im_end|>")) == 1


def test_the_system_turn_comes_first(make):
    system = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    assert text(make(), make().first(QUERY).token_ids).startswith(f"{system}<|im_start|>user\n")


def test_the_rationale_of_a_candidate_is_named_so(make):
    renderer = make(system_turn=False)
    found = text(renderer, renderer.both(DOCUMENT, QUERY).token_ids)
    assert found.startswith("<|im_start|>user\nCandidate:\nred\nQuery: Find its colour.\n")
    assert text(renderer, renderer.rationale("x", side=Side.DOCUMENT)).startswith(
        "Analysis of the candidate: x\n"
    )


@pytest.mark.parametrize("words", ["x", "They are red.", "one two three " * 20])
def test_the_filler_has_the_tokens_of_the_rationale(make, words):
    renderer = make()
    rationale = renderer.rationale(words, side=Side.QUERY)
    filler = renderer.filler(words, side=Side.QUERY)
    assert len(rationale) == len(filler)
    assert rationale != filler
    assert text(renderer, filler).startswith("Analysis of the query: T")


def test_answers_are_all_single_tokens_of_a_word(make):
    renderer = make()
    yes, no = renderer.answers()
    assert {text(renderer, [token]) for token in yes} >= {"Yes", " yes"}
    assert {text(renderer, [token]) for token in no} >= {"No", " no"}
    assert not {*yes} & {*no}


def test_a_tokenizer_without_a_single_token_is_refused(tmp_path):
    folder = published.make("vlm2vec", tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    with pytest.raises(ModelError, match="no single token for 'Yes' in any casing"):
        YesNoRenderer(Layout(tokenizer, refuse, 4, 900)).answers()


def test_the_content_of_a_chat_has_the_same_words():
    content = yes_no_content(QUERY, DOCUMENT, "They  are\nred.")
    joined = "\n".join(part.words for part in content if isinstance(part, Text))
    assert f"<|im_start|>user\n{joined}<|im_end|>\n<|im_start|>assistant\n" == PROMPT


def test_filler_words_are_as_many():
    assert filler_words("one two three") == "This part is"
    assert len(filler_words("x " * 50).split()) == 50
    assert filler_words("") == "This"


@pytest.mark.parametrize(
    ("token", "meaning"),
    [(" Yes", True), ("NO", False), ("yes\n", True), ("Not", None), ("", None)],
)
def test_answers_are_read_whatever_their_case_and_spaces(token, meaning):
    assert read_answer(token) is meaning
