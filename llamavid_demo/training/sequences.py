"""A film and a conversation become what the LLaMA reads: exactly the prompt that inference sends, with the answers.

Beside the ids stands what a good reader does: which words are to be learned, where in the film each word of an answer
is found (`pointers`), and what to note at each token (`notes`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.prompt import conversation_text, section_prompt
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME, Look, Word, word_places
from llamavid_demo.questions import Part, Question
from llamavid_demo.storybook.frame_cues import cue_texts, frame_times
from llamavid_demo.storybook.world import ITEMS, THINGS, Script
from llamavid_demo.training.ideal import asked_thing
from llamavid_demo.training.notes import NOTES, Notes, cue_notes, frame_notes

IGNORED = -100
TOKENS_PER_FRAME = 2
Encode = Callable[[str], list[int]]


@dataclass
class FilmSequence:
    """Ids with `FRAME` where frame tokens go, `labels` with -100 outside of answers.

    `owners`: for each label the number of its question. `pointers`: (position, head, positions): what the token that
    is written next is found at, and by which attention head. `notes`: kind → (position, class). `looks` are the second
    looks among the ids, in order; other tokens stand one behind the other.
    """

    ids: list[int]
    labels: list[int]
    owners: list[int]
    shots: list[int]  # the shot that each frame belongs to
    questions: int  # in the conversation, learned or not
    pointers: list[tuple[int, int, list[int]]] = field(default_factory=list)
    notes: Notes = field(default_factory=lambda: {kind: [] for kind in NOTES})
    looks: list[Look] = field(default_factory=list)

    @property
    def marks(self) -> list[int]:
        """Where the film's frame tokens stand; those of second looks, the last ones, left out."""
        return [i for i, token in enumerate(self.ids) if token == FRAME][: -len(self.looks) or None]

    @property
    def places(self) -> list[int]:
        """Each token's position in the LLaMA."""
        section, looks = self.marks[-1] + 1, iter(self.looks)
        words = [Word(i, look=next(looks) if i == FRAME else None) for i in self.ids[section:]]
        return [*range(section), *word_places(words, section)]

    def forget_where(self) -> None:
        """Leave out pointers and notes: what they stand for cannot be seen."""
        self.pointers.clear()
        self.notes = {kind: [] for kind in NOTES}


@dataclass(frozen=True)
class SequenceBatch:
    """Padded on the right: `ids`, `labels`, `owners`, `places` in the LLaMA and each kind of `notes` (B, L).

    Questions are counted through the batch. Pointer p stands at `rows[p]`, `positions[p]`, and looks at `targets`
    (P, L) with head `heads[p]`.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    owners: torch.Tensor
    rows: torch.Tensor
    positions: torch.Tensor
    heads: torch.Tensor
    targets: torch.Tensor
    notes: dict[str, torch.Tensor]
    places: torch.Tensor
    stale: torch.Tensor  # (B, L): context tokens that words behind the film don't see, as there are second looks
    behind: torch.Tensor  # (B, L): those words

    def seen(self, device: torch.device) -> torch.Tensor | None:
        """What each token sees (B, 1, L, L): what came before it and stands before it; None: all that came before."""
        if not self.stale.any():
            return None
        places = self.places.to(device)
        before = places[:, None, :] < places[:, :, None]
        order = torch.ones(places.shape[1], places.shape[1], dtype=torch.bool, device=device)
        seen = (before & order.tril(-1)) | torch.eye(len(order), dtype=torch.bool, device=device)
        return (seen & ~(self.behind[:, :, None] & self.stale[:, None, :]).to(device))[:, None]

    def embeddings(self, table: torch.nn.Embedding, frame_tokens: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, L, H), the rows of `frame_tokens` (F, H) at the marks in their order."""
        ids = self.ids.to(frame_tokens.device)
        marks = ids == FRAME
        embedded = table(ids.masked_fill(marks, 0))
        return embedded.masked_scatter(marks[..., None], frame_tokens.to(embedded.dtype))


def prompt_ids(
    tokenizer: LlamaTokenizer,
    texts: PromptFormat,
    script: Script,
    turns: Sequence[tuple[str, str | None]],
    *,
    tokens_per_frame: int = TOKENS_PER_FRAME,
    subtitles: bool = True,
) -> list[int]:
    """What inference sends: the section with its cues, then the turns; the last, open one up to `ASSISTANT:`."""
    section = section_prompt(tokenizer, texts, cue_texts(script, subtitles=subtitles), tokens_per_frame)
    return [*section.ids, *tokenizer.encode(conversation_text(tokenizer, texts, section.last_cues, turns))]


def make_sequence(
    tokenizer: LlamaTokenizer,
    texts: PromptFormat,
    script: Script,
    asked: Sequence[Question],
    *,
    tokens_per_frame: int = TOKENS_PER_FRAME,
    subtitles: bool = True,
    learn: Sequence[bool] | None = None,
    guide: str = "",
) -> FilmSequence:
    """A film with a conversation; turns that are not to `learn` are only read.

    Whether the thing that the `guide` question names was in the scene before is noted at each frame.
    """
    turns = [(question.text, question.answer) for question in asked]
    ids = prompt_ids(tokenizer, texts, script, turns, tokens_per_frame=tokens_per_frame, subtitles=subtitles)
    begin = tokenizer.encode("ASSISTANT:")[-1]
    starts = [i + 1 for i, token in enumerate(ids) if token == begin]
    return annotate(
        ids, starts, tokenizer.encode, script, asked, tokens_per_frame=tokens_per_frame,
        subtitles=subtitles, learn=learn, guide=guide,
    )  # fmt: skip


def annotate(
    ids: list[int],
    starts: Sequence[int],
    encode: Encode,
    script: Script,
    asked: Sequence[Question],
    *,
    tokens_per_frame: int,
    subtitles: bool = True,
    learn: Sequence[bool] | None = None,
    guide: str = "",
    looks: Sequence[Sequence[Look]] = (),
) -> FilmSequence:
    """Labels, pointers and notes for the `ids` of a film with a conversation whose answers begin at `starts`.

    `encode` gives the ids of a text, `looks` are the turns' second looks; see `make_sequence` for the rest.
    """
    shots = [script.index_at(t) for t in frame_times(script)]
    sequence = FilmSequence(ids, [IGNORED] * len(ids), [0] * len(ids), shots, len(asked))
    sequence.looks = [look for turn in looks for look in turn]
    marks = sequence.marks
    again = (i for i, token in enumerate(ids) if token == FRAME and i > marks[-1])
    frames: dict[int, list[int]] = {shot: [] for shot in shots}
    for i, mark in enumerate(marks):
        if not looks or i % tokens_per_frame:  # behind second looks the film's own context tokens are not seen
            frames[shots[i // tokens_per_frame]].append(mark)
    cues = _find_cues(encode, script, ids) if subtitles else []
    frame_notes(sequence.notes, script, shots, marks[tokens_per_frame - 1 :: tokens_per_frame], asked_thing(guide))
    if subtitles:
        cue_notes(sequence.notes, script, cues)
    for number, (question, start) in enumerate(zip(asked, starts, strict=True)):
        looked = {shot: list(found) for shot, found in frames.items()}
        for look in looks[number] if looks else ():
            looked[shots[look.frame]].append(next(again))
        if learn is None or learn[number]:
            _answer(sequence, encode, question, start, number, looked, cues)
    return sequence


def _answer(
    sequence: FilmSequence,
    encode: Encode,
    question: Question,
    start: int,
    number: int,
    frames: dict[int, list[int]],
    cues: list[list[int]],
) -> None:
    """Label one answer and point from its words to where they are found.

    Before the first word all of that is looked for; what isn't in the film is sought in vain: at the very start.
    """
    at, said, found = start, "", []
    for part in question.parts:
        said = f"{said} {part.text}".strip()
        end = start + len(encode(said))
        for i in range(at, end):
            targets = _targets(part, i - at, end - at, frames, cues)
            found += targets
            if targets:
                sequence.pointers.append((i - 1, _head(question, part), targets))
            if part.quoted:
                sequence.notes["next"].append((i - 1, min(i - at, len(NOTES["next"]) - 1)))
        at = end
    if question.family != "outside":
        part = next((part for part in question.parts if part.shots or part.cues), question.parts[0])
        sequence.pointers.append((start - 1, _head(question, part), sorted(set(found)) or [0]))
    for i in range(start, at + 1):  # with the end of the turn
        sequence.labels[i], sequence.owners[i] = sequence.ids[i], number


def _head(question: Question, part: Part) -> int:
    """Which attention head looks: scenes and places have one, things another, subtitles a third."""
    about = question.about or (question.earlier.about if question.earlier else "")
    if part.cues or about in ITEMS:
        return 2
    return 1 if about in THINGS else 0


def _targets(part: Part, i: int, length: int, frames: dict[int, list[int]], cues: list[list[int]]) -> list[int]:
    """Positions at which the `i`-th of `length` tokens of a part is found."""
    if part.quoted and cues and i > 0:
        return [cues[part.cues[0]][i - length]]
    seen = [mark for shot in part.shots for mark in frames.get(shot, [])]
    return seen + [token for cue in part.cues if cues for token in cues[cue]]


def _find_cues(encode: Encode, script: Script, ids: list[int]) -> list[list[int]]:
    """Positions of each cue's tokens."""
    found, start = [], 0
    for _, _, text in script.cues():
        words = encode(text)
        start = next(i for i in range(start, len(ids)) if ids[i : i + len(words)] == words)
        found.append(list(range(start, start + len(words))))
        start += len(words)
    return found


def pad(sequences: Sequence[FilmSequence]) -> SequenceBatch:
    """Batch sequences, padded to the longest or a little more."""
    longest = max(len(s.ids) for s in sequences)
    length = padded_length(longest)
    ids = torch.zeros(len(sequences), length, dtype=torch.long)
    places = torch.arange(length).repeat(len(sequences), 1)
    stale, behind = torch.zeros_like(ids, dtype=torch.bool), torch.zeros_like(ids, dtype=torch.bool)
    labels, owners = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    notes = {kind: torch.full_like(ids, IGNORED) for kind in NOTES}
    pointers = [(row, *pointer) for row, s in enumerate(sequences) for pointer in s.pointers]
    targets = torch.zeros(len(pointers), length, dtype=torch.bool)
    questions = 0
    for row, sequence in enumerate(sequences):
        line = slice(0, len(sequence.ids))
        ids[row, line] = torch.tensor(sequence.ids)
        places[row, line] = torch.tensor(sequence.places)
        if sequence.looks:
            marks = sequence.marks
            stale[row, marks[:: len(marks) // len(sequence.shots)]] = True
            behind[row, line] = places[row, line] > marks[-1]
        labels[row, line] = torch.tensor(sequence.labels)
        owners[row, line] = torch.tensor(sequence.owners) + questions
        questions += sequence.questions
        for kind, written in sequence.notes.items():
            if written:
                positions, classes = zip(*written, strict=True)
                notes[kind][row, list(positions)] = torch.tensor(classes)
    for number, (*_, to) in enumerate(pointers):
        targets[number, to] = True
    rows, positions, heads = torch.tensor([pointer[:3] for pointer in pointers], dtype=torch.long).view(-1, 3).T
    return SequenceBatch(ids, labels, owners, rows, positions, heads, targets, notes, places, stale, behind)


def padded_length(longest: int) -> int:
    """The length that batches are padded to, in quarters of octaves: few shapes run faster."""
    step = max(64, (1 << (longest.bit_length() - 1)) // 4)
    return -(-longest // step) * step
