"""What sets the subtitle panel's handlers off."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.subtitle_panel import DOWNLOAD
from llamavid_demo.ui.subtitles import Subtitling
from llamavid_demo.ui.wiring import AS_IT_IS, EVERY, FREE, QUIET, Wiring

HEARING: dict[str, Any] = {"concurrency_id": "speech", "concurrency_limit": 1}  # it takes all cores that it gets


def wire(wiring: Wiring, parts: dict[str, Any], subtitling: Subtitling, screening: Screening) -> None:
    """Connect the panel."""
    outputs = list(parts.values())
    slug, typed = parts["slug"], parts["subtitles_text"]

    def unfold(slug: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.unfold, request, slug)

    def fold(request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.fold, request)

    def put_back(slug: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.put_back, request, slug)

    def leave(slug: str, typed: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.leave, request, slug, typed)

    def choose(slug: str, typed: object, source: object, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.choose, request, slug, str(typed), str(source))

    def read_as(slug: str, typed: object, encoding: object, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.read_as, request, slug, str(typed), str(encoding))

    def earlier(slug: str, typed: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.step, request, slug, typed, -1)

    def later(slug: str, typed: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.step, request, slug, typed, 1)

    def apply(slug: str, typed: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.apply, request, slug, typed)

    def begin(slug: str, typed: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.begin_hearing, request, slug, typed)

    def hear(request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from wiring.stream(subtitling.hear, request)

    def cancel(request: gr.Request) -> dict[Any, Any]:
        return wiring.update(subtitling.cancel, request)

    parts["subtitles"].expand(unfold, [slug], outputs, **EVERY, **FREE)
    parts["subtitles"].collapse(fold, None, outputs, **EVERY, **FREE)
    parts["subtitles_back"].click(put_back, [slug], outputs, **QUIET, **FREE)
    typed.blur(leave, [slug, typed], outputs, **EVERY, **FREE)
    parts["subtitles_download"].click(None, [typed], None, js=DOWNLOAD)
    track, encoding = parts["subtitles_track"], parts["subtitles_encoding"]
    changes = [
        track.input(choose, [slug, typed, track], outputs, **EVERY, **FREE, **AS_IT_IS),
        encoding.input(read_as, [slug, typed, encoding], outputs, **EVERY, **FREE, **AS_IT_IS),
        *(
            parts[f"subtitles_{name}"].click(handler, [slug, typed], outputs, **QUIET, **FREE)
            for name, handler in (("earlier", earlier), ("later", later), ("apply", apply))
        ),
    ]
    begun = parts["subtitles_hear"].click(begin, [slug, typed], outputs, **QUIET, **FREE)
    heard = begun.then(hear, None, outputs, **EVERY, **HEARING)
    parts["subtitles_cancel"].click(cancel, None, outputs, queue=False, **QUIET)
    for changed in (*changes, heard):
        wiring.after_change(changed, screening)
