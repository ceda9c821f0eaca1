from forethought.engines import Engine
from forethought.engines.graphs import Graphs


def test_the_engine_of_this_process_keeps_the_protocol(tiny_encoder):
    engine = tiny_encoder.engine
    assert isinstance(engine, Engine)
    assert engine.backbone.writes
    assert engine.grammar.embed_id not in engine.grammar.forbidden
    # The check tells engines from others.
    assert not isinstance(engine.backbone, Engine)
    assert not isinstance(engine, Graphs)
