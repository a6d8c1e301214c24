"""Sky, light and weather by time of day: what is behind the land, over it, and what falls through it."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from llamavid_demo.storybook.drawing.canvas import Canvas, Colour, mix, soft_spot


@dataclass(frozen=True)
class Light:
    """What one time of day does: sky from top to horizon, the lamp in it, and the tint on land and actors."""

    sky: tuple[Colour, Colour, Colour]
    lamp: Colour
    lamp_at: tuple[float, float]
    lamp_radius: float
    glow: float
    multiply: tuple[float, float, float]
    wash: Colour
    wash_share: float
    actors: tuple[float, float, float]
    cloud: Colour
    windows: float


LIGHTS = {
    "morning": Light(
        ((150, 200, 236), (250, 226, 204), (255, 200, 176)), (255, 244, 190), (3.0, 3.3), 0.75, 0.75,
        (1.0, 0.95, 0.90), (255, 214, 190), 0.12, (1.0, 0.98, 0.95), (255, 238, 230), 0.0,
    ),
    "noon": Light(
        ((44, 142, 232), (120, 198, 248), (206, 238, 252)), (255, 252, 214), (12.6, 1.5), 0.8, 0.45,
        (1.0, 1.0, 1.0), (255, 255, 255), 0.0, (1.0, 1.0, 1.0), (255, 255, 255), 0.0,
    ),
    "evening": Light(
        ((84, 54, 140), (222, 100, 124), (255, 176, 92)), (255, 132, 64), (12.2, 3.4), 0.95, 0.75,
        (0.88, 0.68, 0.70), (118, 50, 110), 0.17, (1.0, 0.97, 0.96), (214, 110, 128), 0.75,
    ),
    "night": Light(
        ((8, 13, 44), (20, 34, 88), (50, 68, 136)), (246, 242, 214), (12.4, 1.7), 0.7, 0.35,
        (0.33, 0.40, 0.66), (14, 22, 66), 0.14, (0.94, 0.95, 1.0), (60, 72, 122), 1.0,
    ),
}  # fmt: skip
GREY_SKY = {"morning": (206, 200, 204), "noon": (156, 168, 182), "evening": (150, 98, 112), "night": (34, 42, 70)}
FOG = {"morning": (244, 228, 220), "noon": (226, 234, 240), "evening": (206, 140, 132), "night": (74, 88, 132)}
OVERCAST = {"clear": 0.0, "rain": 0.8, "snow": 0.45, "fog": 0.5}


def paint_sky(time: str, weather: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """The still part of the sky: gradient, glow, sun or moon. Returns an RGB picture of `size`."""
    light, (w, h) = LIGHTS[time], size
    grey = OVERCAST[weather]
    stops = np.array([mix(c, GREY_SKY[time], grey) for c in light.sky], dtype=np.float32)
    at = np.linspace(0, 1.35, h)  # the horizon lies at about three quarters of the picture
    column = np.stack([np.interp(at, (0, 0.55, 1), stops[:, i]) for i in range(3)], axis=1)  # (h, 3)
    sky = np.repeat(column[:, None], w, axis=1)
    sx, sy = w / 16, h / 9
    x, y = light.lamp_at
    x, y = x + rng.uniform(-0.7, 0.7), y + rng.uniform(-0.25, 0.25)
    strength = light.glow * (1 - grey * 1.1)
    for reach, share in ((5.5, 0.5), (2.0, 0.6)):
        spot = soft_spot(size, x * sx, y * sy, reach * sx, reach * sy)[..., None] * strength * share
        sky += (np.array(light.lamp, dtype=np.float32) - sky) * spot
    picture = Image.fromarray(sky.clip(0, 255).astype(np.uint8))
    if weather in ("clear", "fog") or time == "night":
        disc = _lamp(light, x, y, size, crescent=time == "night")
        fade = disc.getchannel("A").point(lambda a: int(a * (1 - grey * 0.9)))
        picture.paste(disc, (0, 0), fade)
    return picture


def _lamp(light: Light, x: float, y: float, size: tuple[int, int], *, crescent: bool) -> Image.Image:
    canvas = Canvas(0, 0, 16, 9, size[0] / 16, size[1] / 9)
    r = light.lamp_radius
    canvas.ellipse(x, y, r, r, mix(light.lamp, (255, 255, 255), 0.5), light.lamp)
    if crescent:
        px = canvas._px([(x - r * 1.45, y - r * 1.25), (x + r * 0.55, y + r * 0.75)])
        canvas.pen.ellipse((*px[0], *px[1]), fill=(0, 0, 0, 0))
    return canvas.finish()


def cloud(rng: np.random.Generator, sx: float, sy: float, colour: Colour, shade: Colour) -> Image.Image:
    """One cloud as RGBA, about 4 by 1.6 units."""
    canvas = Canvas(-2.2, -1.1, 4.4, 1.8, sx, sy)
    puffs = [(dx + rng.uniform(-0.12, 0.12), rng.uniform(0.36, 0.5) * (1.35 - abs(dx) * 0.5))
             for dx in (-1.4, -0.85, -0.25, 0.35, 0.95, 1.45)]  # fmt: skip
    for dy, tone in ((0.1, shade), (0.0, colour)):
        for x, r in puffs:
            canvas.ellipse(x, 0.28 - r * 0.65 + dy, r * 1.08, r, tone)
        canvas.ellipse(0, 0.3 + dy, 1.9, 0.3, tone)
    done = canvas.finish()
    done.putalpha(done.getchannel("A").point(lambda a: int(a * 0.88)))
    return done


def twinkle(frame: Image.Image, seed: int, t: float) -> None:
    """Stars, drawn onto an RGB frame; each breathes at its own pace."""
    pen = ImageDraw.Draw(frame, "RGBA")
    rng = np.random.default_rng(seed)
    sx, sy = frame.width / 16, frame.height / 9
    for x, y, phase, big in rng.random((46, 4)):
        alpha = int(150 + 90 * math.sin(t * (0.5 + phase) + phase * 40))
        r = (0.025 + 0.04 * big * big) * sy
        cx, cy = x * 16 * sx, y * y * 4.6 * sy
        if r < 1:
            pen.rectangle((cx, cy, cx + r * 0.9, cy + r * 0.9), fill=(255, 250, 220, alpha))
        else:
            pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(255, 250, 220, alpha))


def grade(layer: Image.Image, time: str, weather: str, *, depth: float) -> Image.Image:
    """Puts the light of a time and weather on a land layer; `depth` 0 is near, 1 far away."""
    light = LIGHTS[time]
    pixels = np.asarray(layer).astype(np.float32)
    rgb, alpha = pixels[..., :3], pixels[..., 3]
    if weather == "snow":
        rgb += (np.array((238, 243, 250), dtype=np.float32) - rgb) * 0.55
        drop = max(2, round(layer.height * 0.016))
        above = np.zeros_like(alpha)
        above[drop:] = alpha[:-drop]
        cap = (alpha * (255 - above))[..., None] / 65025
        rgb += (250 - rgb) * cap
    elif weather == "rain":
        rgb = rgb * 0.84 + rgb.mean(axis=2, keepdims=True) * 0.12
    rgb = rgb * np.array(light.multiply, dtype=np.float32)
    rgb += (np.array(light.wash, dtype=np.float32) - rgb) * (light.wash_share * (0.6 + 0.8 * depth))
    air = mix(light.sky[2], GREY_SKY[time], OVERCAST[weather])
    rgb += (np.array(air, dtype=np.float32) - rgb) * (0.28 * depth)
    if weather == "fog":
        rgb += (np.array(FOG[time], dtype=np.float32) - rgb) * (0.22 + 0.56 * depth)
    pixels[..., :3] = rgb.clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def fall(frame: Image.Image, weather: str, time: str, seed: int, t: float) -> None:
    """Rain or snow onto an RGB frame at second `t`."""
    pen = ImageDraw.Draw(frame, "RGBA")
    rng = np.random.default_rng(seed + 1)
    sx, sy = frame.width / 16, frame.height / 9
    if weather == "rain":
        tone = (226, 238, 252, 150) if time == "night" else (240, 248, 255, 165)
        for x, y, speed, length in rng.random((80, 4)):
            fallen = (y * 11 + t * (9 + 4 * speed)) % 11 - 1
            cx = (x * 18 - fallen * 0.16) * sx
            cy, run = fallen * sy, (0.35 + 0.4 * length) * sy
            pen.line((cx, cy, cx - run * 0.16, cy + run), fill=tone, width=max(1, round(0.035 * sy)))
    if weather == "snow":
        for x, y, speed, radius in rng.random((72, 4)):
            fallen = (y * 10 + t * (0.55 + 0.5 * speed)) % 10 - 0.5
            cx = ((x * 17 + 0.35 * math.sin(t * 0.9 + y * 30)) % 17 - 0.5) * sx
            cy, r = fallen * sy, (0.045 + 0.06 * radius)
            pen.ellipse((cx - r * sx, cy - r * sy, cx + r * sx, cy + r * sy), fill=(255, 255, 255, 225))


def mist(time: str, size: tuple[int, int]) -> Image.Image:
    """A veil of fog as an RGBA strip, twice as wide as the picture so that it can drift."""
    w, h = size
    bands = np.zeros((h, 2 * w), dtype=np.float32)
    for cx, cy, reach in ((0.3, 0.62, 0.5), (0.9, 0.5, 0.4), (1.3, 0.62, 0.5), (1.9, 0.5, 0.4), (-0.1, 0.5, 0.4)):
        bands += soft_spot((2 * w, h), cx * w, cy * h, reach * w, 0.17 * h)
    veil = np.empty((h, 2 * w, 4), dtype=np.uint8)
    veil[..., :3] = FOG[time]
    veil[..., 3] = (bands * 90).clip(0, 105).astype(np.uint8)
    return Image.fromarray(veil)
