"""How long a film is: by its header where that makes sense, else by its packets."""

from pathlib import Path
from typing import Any

from llamavid_demo.errors import MovieError
from llamavid_demo.film.ffmpeg_commands import number, packet_times
from llamavid_demo.film.sections import clock

MOST_HOURS = 100  # of a film
STATE_THEIR_END = frozenset(("mov", "matroska"))  # containers that say when they end, others how long they last


def duration(
    path: Path, format: dict[str, Any], container: str, origin: float, until: float, *, certain: bool
) -> float:
    """Seconds from the timestamp `origin` to the end of the last picture or sound.

    `format` is what ffprobe tells of the whole file, `until` the end of the time to look, `certain` that nothing is
    missing in it. Raises MovieError beyond `MOST_HOURS`, for a file that is cut off, and for one without pictures.
    """
    seconds = _claimed_duration(path, format, container, origin, until, certain=certain)
    if not seconds <= MOST_HOURS * 3600:
        raise MovieError(
            f"{path.name} says that it lasts {seconds / 3600:,.0f} hours, more than the {MOST_HOURS} that are read."
            " It may be damaged; copy or download it again, or cut it."
        )
    return seconds


def _claimed_duration(
    path: Path, format: dict[str, Any], container: str, origin: float, until: float, *, certain: bool
) -> float:
    """The duration by the header where that makes sense, else by the packets.

    Unless it is `certain` that nothing is missing, a file that ends before it says is refused.
    """
    said = number(format.get("duration"))
    # WebM recorded by a browser states no length, damaged files state ages.
    if said is None or not 0 < said <= MOST_HOURS * 3600:
        return _last_time(path, until) - origin
    end = said if container in STATE_THEIR_END else said + (number(format.get("start_time")) or 0.0)
    if certain:
        return end - origin
    last = _last_time(path, until, after=end - 10)
    if last < end - max(2.0, 0.02 * said):
        raise MovieError(
            f"{path.name} is cut off: it should last {clock(said)} but ends at {clock(last)}."
            " Copy or download it again."
        )
    return (last if origin else end) - origin


def _last_time(path: Path, until: float, *, after: float = 0.0) -> float:
    """Where the last packet of any stream ends, in seconds; looks from the key frame before `after`."""
    options = {"read_intervals": f"{after}%"} if after > 0 else {}
    last = max(((at or 0.0) + (lasts or 0.0) for at, lasts in packet_times(path, until=until, **options)), default=None)
    if last is None and after > 0:
        return _last_time(path, until)
    if last is None:
        raise MovieError(f"{path.name} holds no pictures at all (zero frames). Copy or download it again.")
    return last
