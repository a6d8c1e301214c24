"""Figures as people read them: times, lengths, sizes, counts."""

from llamavid_demo.ui.language import language, say


def clock(seconds: float) -> str:
    """A time in the film: `0:07`, `12:30`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds: float) -> str:
    """How long a film lasts: `45 s`, `5 min`, `1 h 20 min`."""
    if seconds < 60:
        return say("{count} s", count=max(1, round(seconds)))
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    if hours and minutes:
        return say("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return say("{count} h", count=hours) if hours else say("{count} min", count=minutes)


def size(count: float) -> str:
    """A number of bytes: `640 kB`, `310 MB`, `1.2 GB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            figure = count / scale
            return f"{figure:.1f} {unit}" if figure < 10 and unit == "GB" else f"{figure:.0f} {unit}"
    return say("{count} bytes", count=f"{count:.0f}")


def some(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 frame`, `1,800 frames`; in Chinese, which has no plural, with its measure word."""
    if language() != "en":
        return say(f"{{count}} {one}", count=f"{count:,}")
    return f"{count:,} {one if count == 1 else many or one + 's'}"
