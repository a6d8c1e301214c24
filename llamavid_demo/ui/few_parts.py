"""Blocks whose events may change any part, at the cost of those that they do change, and lose no change.

Our handlers name few of the page's parts at each step. Gradio builds all others anew, only to leave them as they are:
with a dozen visitors that took three quarters of the server's time.

Gradio sends a later step of a handler as edits of the step before. Its page edits that one in place, even if it was not
shown yet: where two steps arrive at once, "enable the button" is undone by the next, which says nothing of the button.

It sets a `gr.State` in its turn among the outputs, some of which take a moment: of two handlers at once, one may set it
first and reach the page last, which then shows one film while the server takes it for another.

It looks for new events a thousand times a second, and for news of running ones a hundred times: a tenth of a core for a
page that nobody uses.
"""

from copy import copy
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

LOOK_EVERY = 0.02  # seconds, the longest that an event waits to be seen


class FewParts(gr.Blocks):
    """`gr.Blocks` that looks only at those outputs which a handler returns by component, and less often for events."""

    def queue(self, *args: Any, **options: Any) -> "FewParts":
        """`gr.Blocks.queue`, whose queue looks for events every `LOOK_EVERY` seconds."""
        super().queue(*args, **options)
        self._queue.sleep_when_free = LOOK_EVERY
        self._queue.progress_update_sleep_when_free = 5 * LOOK_EVERY
        return self

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """What the page is sent for each output of a handler."""
        outputs = block_fn.outputs
        if not isinstance(predictions, dict) or not predictions or not {*predictions} <= {*outputs}:
            return await super().postprocess_data(block_fn, predictions, state)
        given = [part for part in outputs if part in predictions and predictions[part] != gr.skip()]
        given.sort(key=lambda part: part.stateful)  # states last: behind them nothing waits on the way to the page
        sent: dict[Any, Any] = {}
        if given:
            fewer = copy(block_fn)
            fewer.outputs = given
            values = await super().postprocess_data(fewer, {part: predictions[part] for part in given}, state)
            sent = dict(zip(given, values, strict=True))
        return [sent.get(part, None if part.stateful else gr.skip()) for part in outputs]

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """What the page is sent of a handler's step: edits of texts, all else anew."""
        later = run in self.pending_diff_streams.get(session_hash, {})
        values = list(data)
        sent: list[Any] = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        if not later or final or simple_format:
            return sent
        return [
            [["replace", [], value]] if edits and isinstance(value, dict | list) else edits
            for edits, value in zip(sent, values, strict=True)
        ]
