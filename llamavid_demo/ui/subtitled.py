"""What a visitor makes of a film's subtitles: another track, a delay, words written down or typed."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from llamavid_demo.errors import SubtitleError
from llamavid_demo.film import Movie, SubtitleTrack
from llamavid_demo.film.cues import shifted

MOST_DELAY = 600.0  # seconds
FILES = 8  # for the player; it may not have asked for those of the last changes yet


@dataclass(eq=False)
class Subtitled:
    """A film with the subtitles that a visitor gave it: `track`, moved by `delay` seconds; `movie` has them.

    Their file for the player is to lie in `folder`, to go with the visit. `made` are tracks that were made here, by
    source. `draft` is edited text that is not in use yet. `hearing` is set to stop what writes down what is said.
    """

    movie: Movie
    track: SubtitleTrack | None
    folder: Path | None = None
    delay: float = 0.0
    draft: str | None = None
    made: dict[str, SubtitleTrack] = field(default_factory=dict)
    hearing: threading.Event | None = None

    def stop_hearing(self) -> None:
        """End it soon; never waits."""
        if self.hearing:
            self.hearing.set()

    def show(self, track: SubtitleTrack | None, delay: float = 0.0) -> None:
        """Give the film this track, so many seconds later. Raises `SubtitleError` beyond ten minutes."""
        if abs(delay) > MOST_DELAY:
            raise SubtitleError(f"{delay:+.1f} s is more than subtitles can be moved, ±{MOST_DELAY:.0f} s. Edit them.")
        files = sorted(self.folder.glob("*.vtt"), key=_age) if self.folder else []
        for old in files[FILES - 1 :]:
            old.unlink(missing_ok=True)
        self.track, self.delay, self.draft = track, delay, None
        self.movie = replace(self.movie, subtitles=track and shifted(track, delay))

    def keep(self, track: SubtitleTrack) -> None:
        """Give the film a track that was made here; it stays among the choices."""
        self.made[track.source] = track
        self.show(track)


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:  # the visitor has left
        return 0.0
