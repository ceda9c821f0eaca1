from forethought.encoders.stored_completion import spell
from forethought.types import Ending, Rationale, Remembered


def test_an_edit_is_spelled_up_to_its_embed_token(tiny_encoder):
    renderer = tiny_encoder.renderer
    memo = Remembered("00", Rationale("red", "a cup", Ending.EMBED), (), edited="now")
    spelled = spell(memo, renderer, tiny_encoder.engine.backbone)
    assert spelled is not None
    written = renderer.write(memo.rationale)
    assert spelled == written[: len(spelled)]
    assert spelled[-1] == renderer.grammar.embed_id
    assert renderer.read(spelled, ending=Ending.EMBED) == memo.rationale
