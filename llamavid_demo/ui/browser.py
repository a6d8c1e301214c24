"""Messages to the page's script: what the browser is to keep, and words that go back into the question box.

The box belongs to whoever types in it: a message may empty it of the question that was asked, or fill it when it is
empty, and never replaces anything.
"""

import json
import time
from collections.abc import Sequence
from html import escape

from llamavid_demo.ui.kept import KeptTalk

ON_LOAD = """
watch('value', () => {
  const question = window.cinema?.hear(element);
  if (question) trigger('again', { question });
});
"""


def message(
    *,
    talks: Sequence[KeptTalk] = (),
    asked: str | None = None,
    back: str = "",
    model: str = "",
    arrived: bool = False,
    file: tuple[str, str] | None = None,
    lost: str | None = None,
    ticket: str = "",
) -> str:
    """HTML that memory.js reads.

    `talks` are kept, those without turns forgotten. `asked` is the question under way, "" none any more. `back` is
    offered to the box. `model` is kept as the choice. `arrived`: the page shows what its address asks for.
    `file`, a name and a text, is saved as a download. `lost`: the server knows nothing of this page (any more), which
    opens anew and then asks the question that this may be. With the `ticket` a page that is reloaded finds its films.
    """
    told = {
        "talks": [talk.model_dump() for talk in talks], "asked": asked, "back": back, "model": model,
        "arrived": arrived, "file": file, "lost": lost, "ticket": ticket, "number": time.monotonic_ns(),
    }  # fmt: skip
    return f'<i data-told="{escape(json.dumps(told))}"></i>'
