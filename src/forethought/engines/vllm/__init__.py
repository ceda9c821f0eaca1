"""The same answers as the local engine, with vLLM decoding."""
