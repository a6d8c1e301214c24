"""TTML files. pysubs2 knows neither `dur`, frames and ticks nor nested or older documents, so they are read here."""

import io
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.repair import reading_time

DEEPEST = 50  # elements
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|f|t)")


@dataclass(frozen=True)
class _Rates:
    frames: float
    ticks: float


def read_ttml(text: str) -> list[Cue]:
    """The cues of a TTML document, in its order. Times of parents add up, as in its `par` containers.

    Raises ValueError for a time that makes no sense or a document type declaration (it can blow up a small file), and
    SyntaxError (`xml.etree.ElementTree.ParseError`) for XML that is not well formed.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("document type declarations are not read")
    root = _parsed(re.sub(r"^\s*<\?xml[^<>]*\?>", "", text))
    body = next((e for e in root.iter() if _name(e) == "body"), None)
    cues: list[Cue] = []
    if body is not None:
        _walk(body, 0.0, None, _rates(root), cues)
    return cues


def _parsed(text: str) -> ET.Element:
    """The document. Raises ValueError for one that is nested deeper than any that people write."""
    depth = 0
    root: ET.Element | None = None
    for event, element in ET.iterparse(io.StringIO(text), ("start", "end")):  # noqa: S314 - no entities, see above
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise ValueError(f"its elements are nested more than {DEEPEST} deep")
    if root is None:
        raise ValueError("it holds no element")
    return root


def _rates(root: ET.Element) -> _Rates:
    above, _, below = (_attribute(root, "frameRateMultiplier") or "1 1").replace(":", " ").partition(" ")
    frames, multiplier = _rate(root, "frameRate", 30), float(above) / (float(below or 1) or 1)
    if not multiplier > 0:
        raise ValueError(f"a frameRateMultiplier of {above} {below} is none")
    return _Rates(frames=frames * multiplier, ticks=_rate(root, "tickRate", 1))


def _rate(root: ET.Element, name: str, usual: float) -> float:
    given = _attribute(root, name)
    rate = usual if given is None else float(given)
    if not 0 < rate < math.inf:
        raise ValueError(f"a {name} of {given} is none")
    return rate


def _walk(element: ET.Element, offset: float, end: float | None, rates: _Rates, cues: list[Cue]) -> None:
    """Add the cues below `element`; a paragraph, or a timed span of an untimed paragraph, is one."""
    begin_text, end_text, span = (_attribute(element, name) for name in ("begin", "end", "dur"))
    begin = offset + (_seconds(begin_text, rates) if begin_text else 0.0)
    if end_text:
        end = offset + _seconds(end_text, rates)
    elif span:
        end = begin + _seconds(span, rates)
    timed_spans = any(_attribute(child, "begin") for child in element.iter() if child is not element)
    if _name(element) in ("p", "span") and (begin_text or end_text or not timed_spans) and end is not None:
        cues.append(Cue(begin, end, _text(element)))
    elif _name(element) == "p" and begin_text and not timed_spans:
        words = _text(element)
        cues.append(Cue(begin, begin + reading_time(words), words))
    else:
        for child in element:
            _walk(child, begin, end, rates, cues)


def _seconds(text: str, rates: _Rates) -> float:
    """`01:02:03.5`, `01:02:03:12` (frames), `12.5s`, `300f`, `90000t`, … in seconds."""
    if match := _CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds, frames = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds) + float(frames or 0) / rates.frames
    if match := _OFFSET.fullmatch(text.strip()):
        units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "f": 1 / rates.frames, "t": 1 / rates.ticks}
        return float(match[1]) * units[match[2]]
    raise ValueError(f"{text!r} is no time")


def _text(element: ET.Element) -> str:
    """The words of a paragraph; its line breaks are those of `<br/>`."""
    words = re.sub(r"\s+", " ", element.text or "")
    for child in element:
        if _name(child) == "br":
            words += "\n"
        elif _name(child) == "span":
            words += _text(child)
        words += re.sub(r"\s+", " ", child.tail or "")
    return words


def _name(element: ET.Element) -> str:
    """The tag without its namespace, which differs between drafts and the standard."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attribute(element: ET.Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)
