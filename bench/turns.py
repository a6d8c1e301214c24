"""First token of a first and a second turn, ours against everything read again as the original demo does.

`python -m bench.turns [FRAMES]...`: seconds, ratio and memory; the same model, film and questions on both sides.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil
import torch
from rich.console import Console
from rich.table import Table

from bench.midsize import midsize_model, stored_film
from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import conversation_text

FIRST, SECOND = "What colour is the car?", "Where is the key?"
ANSWER_TOKENS = 16


@torch.inference_mode()
def stateless(chat: MovieChat, turns: list[tuple[str, str | None]]) -> float:
    """Seconds until the first token when everything is read: frame tokens made anew, one pass over the whole prompt."""
    model, began = chat.model, time.perf_counter()
    parts = [model.frame_tokens(batch, turns[0][0]) for part in chat._encoded.parts for batch in part.split(32)]
    text = conversation_text(model.config.prompt, chat._prompt.last_cues, turns)
    embeds = model.embed([*chat._prompt.ids, *model.tokenizer.encode(text)], torch.cat(parts))
    model.network.llama(inputs_embeds=embeds, use_cache=True, logits_to_keep=1).logits.argmax()
    return time.perf_counter() - began


def measure(model: LoadedModel, frames: int, folder: Path) -> tuple[float, float, float, float]:
    """Seconds to the first token: turn 1 read anew, ours; turn 2 read anew, ours."""
    movie, settings = stored_film(model, frames, folder)
    chat = MovieChat(model, movie, settings=settings, prefixes=PrefixCache(1 << 34))
    first = chat.ask(FIRST, max_new_tokens=ANSWER_TOKENS).finish()
    second = chat.ask(SECOND, max_new_tokens=ANSWER_TOKENS).finish()
    assert first.stats and second.stats
    anew = stateless(chat, [(FIRST, None)]), stateless(chat, [(FIRST, first.text), (SECOND, None)])
    return anew[0], first.stats.ttft_s, anew[1], second.stats.ttft_s


def main() -> None:
    """Print the table."""
    model = midsize_model()
    table = Table("frames", "turn 1 anew", "ours", "ratio", "turn 2 anew", "ours", "faster", "memory")
    with tempfile.TemporaryDirectory() as folder:
        measure(model, 60, Path(folder))  # warm up
        for frames in map(int, sys.argv[1:] or (150, 300, 600, 1800)):
            one, ours, two, second = measure(model, frames, Path(folder))
            memory = psutil.Process().memory_info().rss / 1e9
            table.add_row(
                str(frames), f"{one:.2f} s", f"{ours:.2f} s", f"{ours / one:.2f}",
                f"{two:.2f} s", f"{second * 1e3:.1f} ms", f"{two / second:.0f}×", f"{memory:.2f} GB",
            )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
