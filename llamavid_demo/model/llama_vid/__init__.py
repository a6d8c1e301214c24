"""LLaMA-VID: two tokens a frame, one of them built from the question."""
