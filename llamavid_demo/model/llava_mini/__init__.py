"""LLaVA-Mini (Zhang et al. 2025, arXiv 2501.03895): one token a frame, because the text reads the frames first."""
