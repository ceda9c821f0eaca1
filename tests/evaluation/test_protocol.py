from importlib import metadata

from forethought.evaluation import describe_encoder, protocol
from forethought.types import Think

MODELS = {"painter": {"revision": "def"}}


def test_the_protocol_holds_what_the_numbers_depend_on(colours):
    found = protocol(colours, models=MODELS, documents_think=Think.ALWAYS)
    assert (found["data_revision"], found["queries_cap"]) == ("abc", None)
    assert found["models"] == MODELS
    assert found["think"]["document"] == "always"
    assert found["versions"]["torch"] == metadata.version("torch")
    assert "non-relevant" in found["ties"]
    assert found["interval"]["resamples"] == 10_000


def test_a_title_is_followed_by_the_benchmarks_notes(colours):
    found = protocol(colours, models=MODELS, documents_think=Think.NEVER)
    assert found["benchmark"] == "colours (plain pictures)"


def test_describes_a_model_by_its_weights(painter):
    assert describe_encoder(painter) == {"revision": "c0104d000001", "dimension": 3}
