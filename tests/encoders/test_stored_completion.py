import dataclasses

from forethought.encoders.stored_completion import StoredCompletion, to_completion
from forethought.types import CachedRationale, Ending, Rationale


def test_an_edit_is_rendered_up_to_its_embed_token(tiny_encoder):
    renderer, backbone = tiny_encoder.renderer, tiny_encoder.engine.backbone
    stored = CachedRationale("00", Rationale("red", "a cup", Ending.EMBED), (), edited="now")
    found = to_completion(stored, renderer, backbone)
    assert found is not None
    written = renderer.write(stored.rationale)
    assert found.token_ids == written[: len(found.token_ids)]
    assert found.token_ids[-1] == renderer.completion_format.embed_id
    assert renderer.read(found.token_ids, ending=Ending.EMBED) == stored.rationale


def test_what_was_decoded_is_read_as_it_is(tiny_encoder):
    renderer, backbone = tiny_encoder.renderer, tiny_encoder.engine.backbone
    embed, red = renderer.completion_format.embed_id, renderer.layout.encode_text("red")[0]
    stored = CachedRationale("00", Rationale("red", "", Ending.LENGTH), (red, red, embed))
    found = to_completion(stored, renderer, backbone)
    assert found == StoredCompletion(stored.rationale, (red, red, embed))
    for unreadable in ((), (red,), (red, embed, red, embed), (10**6, embed), (-1, embed)):
        spoiled = dataclasses.replace(stored, token_ids=unreadable)
        assert to_completion(spoiled, renderer, backbone) is None
