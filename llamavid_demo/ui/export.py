"""A conversation as a file that its visitor keeps: JSON, from which `ask --history` goes on, or Markdown to be read.

The branch that is open is written. Nothing is stored on the server: the page's script makes the file.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.browser import message
from llamavid_demo.ui.language import joined, say
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.talk import notice
from llamavid_demo.ui.thumbs import DOWN, UP, name, thumbs
from llamavid_demo.ui.words import clock

if TYPE_CHECKING:
    from llamavid_demo.chat import Evidence, Turn
    from llamavid_demo.ui.kept import KeptEvidence, KeptTurn

Kind = Literal["json", "md"]
SETTINGS = ("guide", "look_frames", "answers", "kv_cache", "quantization", "dtype", "section_minutes")
STATS = (
    "frames", "prompt_tokens", "reused_tokens", "new_tokens", "ttft_s", "tokens_per_s", "memory_bytes", "dropped_turns",
)  # fmt: skip
NOTHING_YET = "There is nothing to save yet: ask something first."
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!])")


@dataclass(frozen=True)
class Talk:
    """What is exported: the turns of a conversation with a model about section number `section` of a film.

    `thumbs` are the visitor's, by the name of their answers.
    """

    movie: Movie
    section: int
    model: str
    turns: "Sequence[Turn | KeptTurn]"
    settings: Settings
    thumbs: Mapping[str, int]

    def file(self, kind: Kind) -> tuple[str, str]:
        """Name and text of the file."""
        words = re.sub(r"[^\w]+", "-", self.movie.title).strip("-").lower()[:60] or "film"
        text = json.dumps(self.data(), ensure_ascii=False, indent=2) if kind == "json" else self.markdown()
        return f"{words}-section-{self.section + 1}.{kind}", text + "\n"

    def data(self) -> dict[str, Any]:
        """The conversation as plain data.

        `settings` are those of the server that shape an answer: `LLAMAVID_GUIDE` and so on, null what it chose itself.
        With them, the same model and an answer's options, a greedy answer (temperature 0) comes out the same again.
        """
        section = self.movie.sections[self.section]
        return {
            "film": {"slug": self.movie.slug, "title": self.movie.title, "seconds": self.movie.duration},
            "section": {"number": self.section, "start": section.start, "end": section.end},
            "model": self.model,
            "settings": {name: getattr(self.settings, name) for name in SETTINGS},
            "turns": [self._turn(turn) for turn in self.turns],
        }

    def _turn(self, turn: "Turn | KeptTurn") -> dict[str, Any]:
        thumb = self.thumbs.get(name(turn.question, turn.text))
        return {
            "question": turn.question,
            "answer": turn.text,
            "finished": turn.finished,
            "evidence": [
                {
                    "seconds": moment.seconds,
                    "weight": round(moment.weight, 4),
                    "cue": {"start": moment.cue.start, "end": moment.cue.end, "text": moment.cue.text}
                    if moment.cue
                    else None,
                }
                for moment in turn.evidence
            ],
            "stats": {figure: getattr(turn.stats, figure) for figure in STATS} if turn.stats else None,
            "options": asdict(turn.used),
            "thumb": None if thumb is None else "up" if thumb == UP else "down",
        }

    def markdown(self) -> str:
        """The conversation to be read: film, section, and each question with its answer and the answer's moments."""
        section = self.movie.sections[self.section]
        head = f"# {_plain(self.movie.title)}\n\n" + say(
            "{start}–{end}, with {model}",
            start=clock(section.start), end=clock(section.end), model=_plain(self.model),
        )  # fmt: skip
        return "\n\n".join([head, *(self._read(turn) for turn in self.turns)])

    def _read(self, turn: "Turn | KeptTurn") -> str:
        evidence: Sequence[Evidence | KeptEvidence] = turn.evidence
        moments = [
            f"- {clock(moment.seconds)}{f': {_plain(moment.cue.text)}' if moment.cue else ''}"
            for moment in sorted(evidence, key=lambda moment: moment.seconds)
        ]
        thumb = self.thumbs.get(name(turn.question, turn.text))
        ends = {"stopped": say("Stopped early."), "length": say("Cut at the longest length.")}
        judged = {UP: say("Thumb up."), DOWN: say("Thumb down.")}
        notes = ends.get(turn.finished or "", ""), judged.get(thumb or 0, "")
        answer = "\n\n".join(_plain(line) for line in turn.text.splitlines() if line.strip()) or say("No answer.")
        parts = [f"## {_plain(turn.question)}", answer, joined(*notes), "\n".join(moments)]
        return "\n\n".join(part for part in parts if part)


class Saving:
    """The handler of the buttons that save a conversation."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions

    def save(self, key: str, kind: object, judged: object, slug: str, section: int) -> dict[str, Any]:
        """The open conversation as a file of that kind, with the thumbs that the browser keeps."""
        turns = [turn for turn in self._sessions.turns(key, slug, section) if turn.finished]
        if not turns:
            return {"alert": notice(NOTHING_YET)}
        movie, model = self._sessions.movie(key, slug), self._sessions.model(key)
        talk = Talk(movie, section, model, turns, self._settings, thumbs(judged))
        return {"browser": message(file=talk.file("json" if kind == "json" else "md"))}


def _plain(text: str) -> str:
    """Text on one line that Markdown shows as it is: nobody's words become links, pictures or headings."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d+)([.)])|^([-+])", lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", escaped)
