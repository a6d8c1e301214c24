"""Titles in cut-out letters, and posters: letters and actors over a place, in portrait."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from llamavid_demo.storybook.drawing.cast import FIGURES
from llamavid_demo.storybook.drawing.scenery import paint_scenery
from llamavid_demo.storybook.drawing.sprites import HEIGHT, TOP, sprite
from llamavid_demo.storybook.world import Shot

CREAM = (255, 248, 226)
INK = (44, 26, 58)


@dataclass(frozen=True)
class Figure:
    """An actor on a poster: where it stands (shares of the poster) and half its height as a share of the width."""

    thing: str
    colour: str
    x: float
    y: float
    size: float
    turn: float = 0.0


@lru_cache(maxsize=64)
def lettering(text: str, height: int) -> Image.Image:
    """One line of text as paper letters, each a little askew; RGBA, letters about `height` pixels high."""
    font = ImageFont.load_default(size=height * 1.25)
    space = font.getlength(" ") * 0.9
    advance = [space if letter == " " else font.getlength(letter) + height * 0.11 for letter in text]
    pad = round(height * 0.55)
    sheet = Image.new("L", (round(sum(advance)) + 2 * pad, round(height * 2.4)))
    x = float(pad)
    for i, (letter, wide) in enumerate(zip(text, advance, strict=True)):
        if letter != " ":
            tile = Image.new("L", (round(wide + height), round(height * 2.4)))
            stroke = max(1, round(height * 0.022))
            ImageDraw.Draw(tile).text(
                (height / 2, height * 0.45), letter, fill=255, font=font, stroke_width=stroke, stroke_fill=255
            )
            tile = tile.rotate(3.5 * math.sin(i * 2.3 + 0.6), Image.Resampling.BICUBIC)
            lift = round(height * 0.05 * math.sin(i * 1.7))
            sheet.paste(255, (round(x - height / 2), lift), tile)
        x += wide
    return _paper(sheet, height)


def _paper(letters: Image.Image, height: int) -> Image.Image:
    """Letters from a mask: a warm gradient, a dark rim and a soft shadow."""
    rim = _spread(letters, height * 0.085)
    shadow = rim.filter(ImageFilter.GaussianBlur(height * 0.16))
    done = Image.new("RGBA", letters.size, (*INK, 0))
    done.putalpha(shadow.point(lambda a: int(a * 0.7)))
    done.paste((*INK, 255), (0, 0), rim)
    ramp = np.linspace(0, 1, letters.height)[:, None] * np.ones((1, letters.width))
    warm = np.asarray((255, 253, 240)) * (1 - ramp[..., None]) + np.asarray((255, 205, 110)) * ramp[..., None]
    done.paste(Image.fromarray(warm.astype(np.uint8)), (0, 0), letters)
    return done


def _spread(mask: Image.Image, radius: float) -> Image.Image:
    return mask.filter(ImageFilter.GaussianBlur(max(0.4, radius * 0.8))).point(lambda a: min(255, max(0, a * 9 - 120)))


def title_over(frame: np.ndarray, text: str, strength: float) -> np.ndarray:
    """The frame (h, w, 3) with a title in its upper part; `strength` 0..1 fades it."""
    if strength <= 0:
        return frame
    picture = Image.fromarray(frame)
    letters = lettering(text, round(picture.height * 0.105))
    if letters.width > picture.width * 0.94:
        letters = lettering(text, round(picture.height * 0.105 * picture.width * 0.94 / letters.width))
    mask = letters.getchannel("A").point(lambda a: int(a * strength))
    picture.paste(letters, ((picture.width - letters.width) // 2, round(picture.height * 0.04)), mask)
    return np.asarray(picture)


def poster(title: str, shot: Shot, figures: tuple[Figure, ...], *, width: int = 600, height: int = 900) -> Image.Image:
    """A portrait poster: the middle of a shot's place, figures in front, the title above, a line below."""
    wide = round(height * 16 / 9)
    scenery = paint_scenery(shot.place, shot.time, shot.weather, shot.seed, (wide, height))
    scene = scenery.behind(0.0, 0.0)
    left = (wide - width) // 2
    picture = scene.crop((left, 0, left + width, height))
    for figure in figures:
        _stand(picture, figure)
    weather = Image.new("RGB", (wide, height))
    weather.paste(picture, (left, 0))
    scenery.over(weather, 1.7)
    picture = weather.crop((left, 0, left + width, height))
    _shade(picture)
    lines = _lines(title)
    size = min(
        round(width * 0.15),
        *(round(width * 0.15 * width * 0.93 / lettering(x, round(width * 0.15)).width) for x in lines),
    )
    y = round(-size * 0.1)
    for line in lines:
        letters = lettering(line, size)
        picture.paste(letters, ((width - letters.width) // 2, y), letters)
        y += round(size * 1.22)
    foot = ImageFont.load_default(size=width * 0.036)
    words = "A   S T O R Y B O O K   F I L M"
    ImageDraw.Draw(picture).text((width / 2, height * 0.962), words, fill=CREAM, font=foot, anchor="mm")
    return picture


def _stand(picture: Image.Image, figure: Figure) -> None:
    """Pastes one figure with its shadow."""
    scale = round(picture.width * figure.size)
    cut = sprite(FIGURES[figure.thing], figure.colour, scale, 0.0, True)
    cut = cut.rotate(figure.turn, Image.Resampling.BICUBIC, expand=False)
    x, y = figure.x * picture.width, figure.y * picture.height
    shadow = Image.new("L", picture.size)
    if figure.turn == 0:
        ImageDraw.Draw(shadow).ellipse((x - scale * 0.9, y - scale * 0.13, x + scale * 0.9, y + scale * 0.13), fill=120)
        picture.paste((24, 18, 48), (0, 0), shadow.filter(ImageFilter.GaussianBlur(scale * 0.06)))
    picture.paste(cut, (round(x - cut.width / 2), round(y - cut.height * (1 - TOP) / HEIGHT)), cut)


def _shade(picture: Image.Image) -> None:
    """Darkens the foot and a little the head so that the letters stand out, and frames the picture."""
    w, h = picture.size
    ramp = np.concatenate([np.linspace(110, 0, h // 3), np.zeros(h - h // 3 - h // 6), np.linspace(0, 190, h // 6)])
    mask = Image.fromarray(np.repeat(ramp[:, None], w, axis=1).astype(np.uint8))
    picture.paste((24, 14, 44), (0, 0), mask)


def _lines(title: str) -> list[str]:
    """A title on two or three lines, short words with their neighbours."""
    words, lines = title.split(), [""]
    for word in words:
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) > 10 and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines
