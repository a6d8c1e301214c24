"""The page: what a person sees and presses. It knows nothing of how frames, tokens or answers are computed."""

import os

# Gradio reads this once, while it is imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from llamavid_demo.ui.serve import serve

__all__ = ["serve"]
