"""The page: what a person sees and presses. It knows nothing of how frames, tokens or answers are computed."""

import os

# Gradio reads this once, while it is imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio makes a table of its last 10,000 events after each one, for a page that we don't serve: 10 ms every time.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")

from llamavid_demo.ui.type_stubs import no_type_stubs

with no_type_stubs():
    from llamavid_demo.ui.serve import serve

__all__ = ["serve"]
