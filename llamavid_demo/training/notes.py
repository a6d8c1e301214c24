"""What the LLaMA should note at a token while it reads: supervised at its middle with throw-away heads.

A film is long and its questions are few. Notes teach at every token what questions will need: at a frame which scene
it is, where the last one was, who has been seen in this place, whether who is asked for was in the scene before (or
who was); at a word of a subtitle who says it, where, how it begins, what it speaks of, and the how-manieth it is. With
the answers alone the LLaMA takes hours to find out that this is worth knowing.
"""

import re
from collections.abc import Sequence

import torch
from torch import nn

from llamavid_demo.storybook.world import ITEM_LINES, ITEMS, NAMES, PLACES, PLAIN_LINES, THINGS, Script
from llamavid_demo.training.heads import LabelHeads

NOTE = "note "  # how the accuracies of notes are called, before their kind
_MANY = 13
COMPANY, BEFORE = "company", "before"
SEVERAL = (COMPANY, BEFORE)  # kinds that note several things at once, bit by bit
OPENINGS = tuple(sorted({*NAMES, *(text.split()[0].rstrip(",") for text in (*ITEM_LINES, *PLAIN_LINES))}))
_TOKEN = re.compile(r"[\w']+|[^\w\s]")  # of a line: words and punctuation
NOTES: dict[str, Sequence[object]] = {
    "scene": range(_MANY),  # number of the scene; the last class: a later one
    "begins": (False, True),  # whether the frame is the first of its scene
    COMPANY: THINGS,  # seen in this place so far
    "previous": (None, *PLACES),  # place of the scene before
    "follows": (False, True),  # whether the thing that the guide names was in the scene before
    BEFORE: THINGS,  # seen in the scene before
    "speaker": NAMES,
    "opening": OPENINGS,  # first word of a line
    "item": (None, *ITEMS),  # that the line has spoken of so far
    "here": PLACES,  # where a line is spoken
    "rank": range(4),  # of a line in its scene
    "line": range(3),  # of a line in the film
    "word": range(16),  # of a word in its subtitle, the speaker's name first
    "next": range(16),  # in a quotation: which word of the line comes next
}
Notes = dict[str, list[tuple[int, int]]]
# A guide names the thing that matters; without one all things do.
GUIDED = tuple(kind for kind in NOTES if kind != BEFORE)
UNGUIDED = tuple(kind for kind in NOTES if kind != "follows")


def frame_notes(
    notes: Notes, script: Script, shots: Sequence[int], positions: Sequence[int], asked: str | None
) -> None:
    """Write what there is to note at the last token of each frame; `shots` are the frames', `asked` is a thing."""
    scene_of = {shot: scene for scene in script.scenes for shot in scene.shots}
    company = dict.fromkeys(PLACES, 0)
    last = -1
    for shot, position in zip(shots, positions, strict=True):
        number, place = scene_of[shot].number, script.shots[shot].place
        for actor in script.shots[shot].actors:
            company[place] |= 1 << THINGS.index(actor.thing)
        notes[COMPANY].append((position, company[place]))
        notes["begins"].append((position, int(number != last)))
        last = number
        notes["scene"].append((position, min(number, _MANY - 1)))
        before = 1 + PLACES.index(script.scenes[number - 1].place) if number else 0
        notes["previous"].append((position, before))
        then = script.scenes[number - 1].shots if number else ()
        there = {actor.thing for shot in then for actor in script.shots[shot].actors}
        notes[BEFORE].append((position, sum(1 << THINGS.index(thing) for thing in there)))
        if asked:
            notes["follows"].append((position, int(asked in there)))


def cue_notes(notes: Notes, script: Script, cues: Sequence[Sequence[int]]) -> None:
    """Write what there is to note at the words of each cue."""
    lines = [(shot, line) for shot, of in enumerate(script.shots) for line in of.lines]
    scene_of = {shot: scene.number for scene in script.scenes for shot in scene.shots}
    last, rank = -1, 0
    for number, ((shot, line), positions) in enumerate(zip(lines, cues, strict=True)):
        rank = rank + 1 if scene_of[shot] == last else 0
        last = scene_of[shot]
        opening = line.text.split()[0].rstrip(",")
        spoken = len(_TOKEN.findall(line.subtitle.partition(line.item)[0])) if line.item else len(positions)
        for word, position in enumerate(positions):
            notes["here"].append((position, PLACES.index(script.shots[shot].place)))
            notes["rank"].append((position, min(rank, 3)))
            notes["line"].append((position, min(number, 2)))
            notes["word"].append((position, min(word, 15)))
            if line.speaker:
                notes["speaker"].append((position, NAMES.index(line.speaker)))
                notes["item"].append((position, 1 + ITEMS.index(line.item) if line.item and word >= spoken else 0))
                if opening in OPENINGS and word > 1:
                    notes["opening"].append((position, OPENINGS.index(opening)))


class NoteHeads(LabelHeads):
    """One linear head for each of the `kinds` of notes."""

    def __init__(self, width: int, kinds: Sequence[str] = GUIDED) -> None:
        super().__init__(width, {kind: len(NOTES[kind]) for kind in kinds})

    def loss(self, hidden: torch.Tensor, notes: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """Sum of the kinds' cross-entropies, and how often each is right, from hidden states (B, L, H)."""
        hidden = nn.functional.rms_norm(hidden.float(), hidden.shape[-1:])
        loss, right = hidden.new_zeros(()), {}
        for kind, head in self.heads.items():
            label = notes[kind].to(hidden.device)
            known = label >= 0
            if known.any():
                logits, wanted = head(hidden[known]), label[known]
                if kind in SEVERAL:
                    bits = wanted[:, None] >> torch.arange(len(THINGS), device=label.device) & 1
                    loss = loss + 4 * nn.functional.binary_cross_entropy_with_logits(logits, bits.float())
                    hits = ((logits > 0) == (bits > 0)).all(dim=1)
                else:
                    loss = loss + nn.functional.cross_entropy(logits, wanted)
                    hits = logits.argmax(-1) == wanted
                right[kind] = hits.float().mean().item()
        return loss, right
