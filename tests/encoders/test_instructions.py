import pytest

from forethought.encoders import FAMILIES, texts_of
from forethought.types import ContentKind, Side
from tests import published


@pytest.mark.parametrize("family", FAMILIES)
def test_every_side_and_kind_has_an_instruction_and_a_source(family):
    found = FAMILIES[family].instructions
    assert {(side, kind) for side in found for kind in found[side]} == {
        (side, kind) for side in Side for kind in ContentKind
    }
    for kinds in found.values():
        for instruction in kinds.values():
            assert instruction.source
            assert instruction.text == instruction.text.strip()


@pytest.mark.parametrize("family", ["ume_r1", "vlm2vec", "mmemb_r1", "rge"])
def test_a_caption_asks_for_a_picture_and_a_picture_does_not(family):
    query = texts_of(FAMILIES[family].instructions)[Side.QUERY]
    caption, picture, both = (
        query[kind]
        for kind in (ContentKind.TEXT, ContentKind.PICTURE, ContentKind.PICTURE_AND_TEXT)
    )
    assert "caption" in caption
    assert len({caption, picture, both}) == 3
    assert "caption" not in picture + both


@pytest.mark.parametrize("family", ["ume_r1", "rge"])
def test_what_is_encoded_is_the_family_s_instruction_and_said(tmp_path, family):
    encoder = published.loaded(published.make(family, tmp_path / family))
    query = texts_of(FAMILIES[family].instructions)[Side.QUERY][ContentKind.TEXT]
    default = encoder.encode(["red"], think="never")
    assert default.provenance.instructions == (query,)
    given = encoder.encode(["red"], think="never", instruction=query)
    none = encoder.encode(["red"], think="never", instruction="")
    assert none.provenance.instructions == ("",)
    assert given.vectors == pytest.approx(default.vectors, abs=1e-6)
    assert none.vectors != pytest.approx(default.vectors, abs=1e-3)
