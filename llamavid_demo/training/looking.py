"""Second looks: the LLaMA learns to answer from a film that was read for no question, and from what each question adds.

A short stage at the end. The film stands there with a neutral guide, or with the first question; before each turn come
fresh context tokens of the frames that its question names, at those frames' positions. The eyes stay as they are.
"""

import random
from collections.abc import Sequence

import torch

from llamavid_demo.model.llama_vid.prompt import conversation_text, section_prompt
from llamavid_demo.model.llama_vid.second_look import before_turns, find_frames
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.model.prompt import FRAME, Look, Word
from llamavid_demo.storybook.frame_cues import cue_texts
from llamavid_demo.storybook.world import Script
from llamavid_demo.training.answering import Answering
from llamavid_demo.training.conversation import Conversation, converse, converse_freely
from llamavid_demo.training.learning import autocast
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.sequences import FilmSequence, annotate, make_sequence, pad
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.tokenizer import PROMPT

OWN = 0.15  # share of films that were read for their first question, and looked at again all the same
ONCE = 0.15  # share of films that are read for one question and not looked at again, as before
MOST = (8, 16, 32, 64)  # frames that a second look reads, by chance


class Looking(Answering):
    """A step of the looking stage: as in answering, but of films that were read before anybody asked."""

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch of one lesson."""
        lesson = rng.choice(self.lessons)
        films = [self._watched(lesson, rng) for _ in range(lesson.films)]
        for _, sequence, _ in films:  # note heads are in no checkpoint, and new ones would spoil what it notes
            sequence.notes = {kind: [] for kind in sequence.notes}
        batch = pad([sequence for _, sequence, _ in films])
        questions = [question for talk, _, _ in films for question in talk.questions]
        return self.reader(batch, torch.cat([tokens for _, _, tokens in films]), questions)

    def _watched(self, lesson: Lesson, rng: random.Random) -> tuple[Conversation, FilmSequence, torch.Tensor]:
        """A conversation, its sequence, and the rows (F, H) of the sequence's marks."""
        script, pictures = self.encoded.film(rng, lesson.kind)
        way = rng.random()
        talk = (converse if way < ONCE else converse_freely)(script, lesson.manner, rng)
        shots = [script.index_at(float(second)) for second in range(len(cue_texts(script)))]
        shown = [pictures[2 * shot + rng.randrange(2)] for shot in shots]  # (shot, picture) of each frame
        guide = talk.guide if way < ONCE else talk.questions[0].text if way < ONCE + OWN else NEUTRAL_GUIDE
        tokens = self._tokens([(picture, guide) for picture in shown])  # (T, 1+n, H)
        if way < ONCE:
            sequence = make_sequence(
                self.tokenizer, PROMPT, script, talk.questions,
                subtitles=talk.subtitles, learn=talk.learn, guide=guide,
            )  # fmt: skip
            return talk, sequence, tokens.flatten(0, 1)
        sequence = self._sequence(script, talk, guide, tokens[:, 1:].mean(dim=1), rng.choice(MOST))
        looks = self._tokens([(shown[look.frame], look.question) for look in sequence.looks])[:, 0]
        return talk, sequence, torch.cat([tokens.flatten(0, 1), looks])

    def _sequence(
        self, script: Script, talk: Conversation, guide: str, contents: torch.Tensor, most: int
    ) -> FilmSequence:
        """The section, then each turn behind its second look, as inference sends them."""
        section = section_prompt(self.tokenizer, PROMPT, cue_texts(script, subtitles=talk.subtitles), 2)
        turns = [(question.text, question.answer) for question in talk.questions]
        words = [
            Word(i) for i in self.tokenizer.encode(conversation_text(self.tokenizer, PROMPT, section.last_cues, turns))
        ]
        places, table = section.frame_places(2), self.network.llama.model.embed_tokens.weight.detach()
        looks = []
        for question, _ in turns:
            named = table[torch.tensor(self.tokenizer.encode(question.strip()), device=table.device)]
            found = find_frames(contents, named, most=most)
            looks.append([Word(FRAME, look=Look(question, frame, places[frame])) for frame in found])
        ids = [*section.ids, *(word.id for word in before_turns(words, looks, eos=self.tokenizer.eos))]
        begin = self.tokenizer.encode("ASSISTANT:")[-1]
        starts = [i + 1 for i, token in enumerate(ids) if token == begin]
        return annotate(
            ids, starts, self.tokenizer.encode, script, talk.questions, tokens_per_frame=2,
            subtitles=talk.subtitles, learn=talk.learn, guide=guide,
            looks=[[word.look for word in look if word.look] for look in looks],
        )  # fmt: skip

    @torch.no_grad()
    def _tokens(self, asked: Sequence[tuple[tuple[int, int], str]]) -> torch.Tensor:
        """Frame tokens (F, 1+n, H) of pictures of the pool, each looked at for a question; the same ones made once."""
        once = list(dict.fromkeys(asked))
        device = self.network.text_decoder.queries.device
        ids, mask = (t.to(device) for t in self.guide([question for _, question in once]))
        shots, pictures = zip(*(picture for picture, _ in once), strict=True)
        with autocast(device):
            patches = self.encoded.patches[list(shots), list(pictures)].to(device).float()
            tokens = self.network.frame_tokens(patches, ids, mask).float()
        number = {pair: i for i, pair in enumerate(once)}
        return tokens.index_select(0, torch.tensor([number[pair] for pair in asked], device=device))
