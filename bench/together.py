"""Conversations on one section, answered together against one after the other; and one against Hugging Face's loop.

`python -m bench.together [FRAMES]`: tokens a second, ratios, and the memory that conversations take.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from bench.midsize import midsize_model, stored_film
from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.model.prompt import conversation_text

QUESTION, TOKENS = "What colour is the car?", 64


def seconds(chats: list[MovieChat], *, together: bool) -> float:
    """How long it takes until every chat has its answer of `TOKENS` tokens, the section being read."""
    began = time.perf_counter()
    turns = [chat.ask(QUESTION, max_new_tokens=TOKENS) for chat in chats]
    threads = [threading.Thread(target=turn.finish) for turn in turns]
    for thread in threads:
        thread.start()
        if not together:
            thread.join()
    for thread in threads:
        thread.join()
    assert all(turn.stats and turn.stats.new_tokens == TOKENS for turn in turns)
    return time.perf_counter() - began


@torch.inference_mode()
def generate_seconds(chat: MovieChat) -> float:
    """The same answer by Hugging Face's `generate` with its DynamicCache, the time to read the prompt taken off."""
    model = chat.model
    text = conversation_text(model.config.prompt, chat._prompt.last_cues, [(QUESTION, None)])
    tokens = model.frame_tokens(torch.cat(chat._encoded.parts), QUESTION)
    embeds = model.embed([*chat._prompt.ids, *model.tokenizer.encode(text)], tokens)
    took = []
    for new in (1, TOKENS):
        began = time.perf_counter()
        model.network.llama.generate(
            inputs_embeds=embeds, attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long),
            max_new_tokens=new, min_new_tokens=new, do_sample=False, use_cache=True, pad_token_id=0,
        )  # fmt: skip
        took.append(time.perf_counter() - began)
    return took[1] - took[0]


def main() -> None:
    """Print the table."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    model = midsize_model()
    model.tokenizer.__dict__["eos"] = -1  # random weights may end an answer anywhere: none ends early here
    table = Table("conversations", "one by one", "together", "faster", "memory of tails", "of the prefix")
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, frames, Path(folder))
        prefixes = PrefixCache(1 << 34)

        def chats(count: int) -> list[MovieChat]:
            return [MovieChat(model, movie, settings=settings, prefixes=prefixes) for _ in range(count)]

        seconds(chats(1), together=True)  # reads the section
        for count in (1, 8, 16):
            apart, crowd = seconds(chats(count), together=False), chats(count)
            joined = seconds(crowd, together=True)
            tails = sum(chat._tail.nbytes for chat in crowd) / 1e6
            table.add_row(
                str(count), f"{count * TOKENS / apart:.0f} tokens/s", f"{count * TOKENS / joined:.0f} tokens/s",
                f"{apart / joined:.1f}×", f"{tails:.0f} MB", f"{prefixes.nbytes / 1e6:.0f} MB",
            )  # fmt: skip
        alone, theirs = seconds(chats(1), together=True), generate_seconds(chats(1)[0])
    Console().print(table)
    Console().print(f"One conversation, {TOKENS} tokens: {theirs / alone:.2f}× as fast as generate with DynamicCache.")


if __name__ == "__main__":
    main()
