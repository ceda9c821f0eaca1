from forethought.encoders.stored_completion import to_completion
from forethought.types import CachedRationale, Ending, Rationale


def test_an_edit_is_spelled_up_to_its_embed_token(tiny_encoder):
    renderer = tiny_encoder.renderer
    memo = CachedRationale("00", Rationale("red", "a cup", Ending.EMBED), (), edited="now")
    spelled = to_completion(memo, renderer, tiny_encoder.engine.backbone)
    assert spelled is not None
    written = renderer.write(memo.rationale)
    assert spelled == written[: len(spelled)]
    assert spelled[-1] == renderer.completion_format.embed_id
    assert renderer.read(spelled, ending=Ending.EMBED) == memo.rationale
