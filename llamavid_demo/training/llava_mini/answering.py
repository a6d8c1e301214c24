"""Instruction tuning: all but the vision tower learns to answer, each question reading the film's frames by itself.

A film's words are fused with one pool frame of a few shots, and the mean over them counts each as long as what it shows
is seen. Of the frames that no word reads only the compressed tokens are needed; these learn from the others.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import nn

from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.training.conversation import Conversation, converse_freely
from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.learning import Reader, autocast
from llamavid_demo.training.llava_mini.fusing import mean_over_frames, read_rows
from llamavid_demo.training.llava_mini.read_shots import read_shots
from llamavid_demo.training.llava_mini.sequences import ChatForm, FusedSequence, fused_sequence
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.sequences import pad
from llamavid_demo.training.stages import StepResult

READ = 6  # shots of a film that its words read
HIDDEN = 0.04  # share of films whose frame tokens are zero, whose words are not fused, or both


@dataclass(frozen=True)
class ReadFilm:
    """A film of a batch: its conversation, its sequence, and two (shot, frame) of the pool for each of its shots.

    `shares`: the shots that its words read, with what part of the film each stands for.
    """

    talk: Conversation
    sequence: FusedSequence
    frames: list[tuple[int, int]]
    shares: dict[int, float]


class Answering:
    """A step of the answering stages: films from the pool with a conversation about each."""

    def __init__(
        self, network: LlavaMini, reader: Reader, form: ChatForm, encoded: EncodedShots, lessons: Sequence[Lesson]
    ) -> None:
        self.network, self.reader, self.form = network, reader, form
        self.encoded, self.lessons = encoded, lessons
        self.things = form.things()
        self._table: nn.Embedding = network.llama.model.embed_tokens

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch of one lesson."""
        lesson = rng.choice(self.lessons)
        films = [self.film(lesson, rng) for _ in range(lesson.films)]
        tokens, words = self.fuse(films, rng)
        order: list[int] = []
        first = 0
        for number, film in enumerate(films):
            if rng.random() < HIDDEN:  # so that what frames and words are worth can be asked of this very model
                hidden = rng.choice(("frames", "words", "both"))
                if hidden != "words":
                    tokens[first : first + len(film.frames)] = 0
                if hidden != "frames":
                    words[number] = self._table(film.sequence.fused_ids.to(words[number].device))
                film.sequence.forget_where()
            order += [first + 2 * shot + rng.randrange(2) for shot in film.sequence.shots]
            first += len(film.frames)
        return self.read(films, tokens[order], words)

    def fuse(self, films: Sequence[ReadFilm], rng: random.Random) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Compressed tokens (2·shots, C, H) of all films, and of each film its fused words (K, H).

        By chance one of a shot's two frames is what the words read.
        """
        device = self.network.compressor.query.device
        begins = accumulate((len(film.frames) for film in films), initial=0)
        chosen = [
            first + 2 * shot + rng.randrange(2)
            for film, first in zip(films, begins, strict=False)
            for shot in film.shares
        ]
        frames = [frame for film in films for frame in film.frames]
        rest = sorted(set(range(len(frames))) - set(chosen))
        film_of = torch.tensor([i for i, film in enumerate(films) for _ in film.shares], device=device)
        shares = torch.tensor([share for film in films for share in film.shares.values()], device=device)
        ids = [film.sequence.fused_ids for film in films]
        count = self.network.config.tokens_per_frame
        with autocast(device):
            text = self._table(nn.utils.rnn.pad_sequence(ids, batch_first=True).to(device))  # (films, K, H)
            both = torch.cat([self._visual([frames[i] for i in chosen]), text[film_of]], dim=1)
            read = read_rows(self.network.prefusion, both, wanted=count + text.shape[1]).float()
            with torch.no_grad():
                others = read_rows(self.network.prefusion, self._visual([frames[i] for i in rest]), wanted=count)
        order = torch.tensor([*chosen, *rest], device=device).argsort()
        tokens = torch.cat([read[:, :count], others.float()])[order]
        words = mean_over_frames(read[:, count:], film_of, shares, len(films))
        return tokens, [rows[: len(own)] for rows, own in zip(words, ids, strict=True)]

    def _visual(self, frames: Sequence[tuple[int, int]]) -> torch.Tensor:
        """What pre-fusion reads of frames of the pool, (F, N+C, H)."""
        shots, numbers = zip(*frames, strict=True)
        patches = self.encoded.patches[list(shots), list(numbers)].to(self._table.weight.device).float()
        return self.network.visual_rows(patches[:, None]).float()

    def read(self, films: Sequence[ReadFilm], shown: torch.Tensor, words: Sequence[torch.Tensor]) -> StepResult:
        """Loss of a batch from its frames' tokens (frames, C, H) and each film's fused words (K, H)."""
        batch = pad([film.sequence for film in films])
        places = torch.zeros_like(batch.ids, dtype=torch.bool)
        for row, film in enumerate(films):
            places[row, list(film.sequence.fused)] = True
        embedded = batch.embeddings(self._table, shown.flatten(0, 1))
        embedded = embedded.masked_scatter(places[..., None].to(embedded.device), torch.cat(list(words)))
        return self.reader.read(batch, embedded, [question for film in films for question in film.talk.questions])

    def film(self, lesson: Lesson, rng: random.Random) -> ReadFilm:
        """A film of a lesson with a conversation, by chance."""
        script, frames = self.encoded.film(rng, lesson.kind)
        talk = converse_freely(script, lesson.manner, rng)
        sequence = fused_sequence(self.form, self.things, script, talk.questions, subtitles=talk.subtitles)
        shares = read_shots(script, sequence.shots, talk.questions, most=READ, rng=rng)
        return ReadFilm(talk, sequence, frames, shares)
