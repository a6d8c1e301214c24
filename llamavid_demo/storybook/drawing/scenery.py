"""The scenery of a shot without its actors: painted once, then moved for every second."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from llamavid_demo.storybook.drawing import sky
from llamavid_demo.storybook.drawing.affine import Placed, place
from llamavid_demo.storybook.drawing.built import BUILT
from llamavid_demo.storybook.drawing.canvas import bleed, mix, soft_spot
from llamavid_demo.storybook.drawing.stage import MARGIN, PANE, Glow, Stage
from llamavid_demo.storybook.drawing.wild import WILD

PAINTERS = {**WILD, **BUILT}
FAR, MID = 0.25, 0.55  # how much of the camera's drift the layers behind the near one follow
LIT = (255, 226, 138)


@dataclass
class Scenery:
    """One shot's layers at one size, in its light."""

    size: tuple[int, int]
    time: str
    weather: str
    seed: int
    backdrop: Image.Image  # RGB
    far: Image.Image  # RGBA, wider than the picture by the margins
    mid: Image.Image
    near: Image.Image
    clouds: list[tuple[Image.Image, float, float, float, float]]  # picture, x, y, units a second, size
    veil: Image.Image | None
    warmth: Image.Image  # L: where the lamp's light lies over the land
    vignette: Image.Image  # L
    water: tuple[float, float, float, float] | None
    water_on_mid: bool
    inside: bool

    def behind(self, drift: float, t: float) -> Image.Image:
        """The RGB picture up to the ground that actors stand on; `drift` in units, `t` seconds of the shot."""
        frame = self.backdrop.copy()
        if self.time == "night" and self.weather in ("clear", "fog"):
            sky.twinkle(frame, self.seed, t)
        for picture, x, y, speed, size in self.clouds:
            at = (x + speed * t + 3) % 22 - 3
            place(frame, picture, Placed(at, y, 0, size, size), (2.2, 1.1), (picture.width / 4.4, picture.height / 1.8))
        sx = frame.width / 16
        _paste(frame, self.far, drift * FAR * sx)
        if self.water and not self.water_on_mid:
            self._shimmer(frame, t, self.water)
        _paste(frame, self.mid, drift * MID * sx)
        if self.water and self.water_on_mid:
            self._shimmer(frame, t, self.water)
        if self.inside:
            sky.fall(frame, self.weather, self.time, self.seed, t)
        _paste(frame, self.near, drift * sx)
        self._mist(frame, t, 1.0)
        frame.paste(sky.LIGHTS[self.time].lamp, (0, 0), self.warmth)
        return frame

    def over(self, frame: Image.Image, t: float) -> None:
        """What falls or drifts before the actors, and the vignette."""
        if not self.inside:
            sky.fall(frame, self.weather, self.time, self.seed, t)
        self._mist(frame, t + 20, 0.3)
        frame.paste((14, 8, 34), (0, 0), self.vignette)

    def _mist(self, frame: Image.Image, t: float, share: float) -> None:
        """Drifting fog; `share` of its strength, little of it before the actors so that their colours stay."""
        if self.veil:
            x = int(t * 0.022 * frame.width) % frame.width
            part = self.veil.crop((x, 0, x + frame.width, frame.height))
            frame.paste(part, (0, 0), part.getchannel("A").point(lambda a: int(a * share)))

    def _shimmer(self, frame: Image.Image, t: float, water: tuple[float, float, float, float]) -> None:
        left, top, right, bottom = water
        rng = np.random.default_rng(self.seed + 2)
        sx, sy = frame.width / 16, frame.height / 9
        pen = ImageDraw.Draw(frame, "RGBA")
        glint = sky.LIGHTS[self.time].lamp
        for u, v, phase, length in rng.random((38, 4)):
            depth = 0.25 + v
            breath = np.sin(t * (0.7 + phase) + phase * 50)
            half = (0.12 + 0.3 * length) * depth * (0.6 + 0.4 * breath) * sx
            x = (left + u * (right - left) + 0.25 * np.sin(t * 0.5 + phase * 9)) * sx
            y = (top + v * v * (bottom - top)) * sy
            thick = max(1, round(0.035 * depth * sy))
            pen.line((x - half, y, x + half, y), fill=(*glint, int(70 + 70 * breath)), width=thick)


def paint_scenery(place_name: str, time: str, weather: str, seed: int, size: tuple[int, int]) -> Scenery:
    """Paints a place at `size` pixels (width, height) in the light of a time and weather."""
    w, h = size
    rng = np.random.default_rng(seed)
    stage = Stage(w / 16, h / 9, rng)
    PAINTERS[place_name](stage)
    light = sky.LIGHTS[time]
    grey = sky.OVERCAST[weather]
    tone = mix(light.cloud, sky.GREY_SKY[time], grey)
    shade = mix(tone, light.sky[1], 0.35)
    puff = sky.cloud(rng, stage.sx, stage.sy, tone, shade)
    count = 3 if weather == "clear" else 6
    clouds = [
        (puff, float(rng.uniform(-3, 19)), float(rng.uniform(0.7, 2.6)), float(rng.uniform(0.05, 0.14)),
         float(rng.uniform(0.6, 1.25)))
        for _ in range(count)
    ]  # fmt: skip
    far, mid, near = (
        _lit(canvas.finish(), time, weather, depth, [g for g in glows if g.near == (depth == 0)], stage)
        for canvas, depth, glows in (
            (stage.far, 1.0, []),
            (stage.mid, 0.45, stage.glows),
            (stage.near, 0.0, stage.glows),
        )
    )
    x, y = light.lamp_at
    warm = soft_spot(size, x * stage.sx, y * stage.sy, 8 * stage.sx, 6 * stage.sy) * 70 * light.glow * (1 - grey)
    if time == "night":
        warm *= 0.2
    corner = 1 - soft_spot(size, w / 2, h * 0.52, w * 0.8, h * 0.85)
    return Scenery(
        size=size,
        time=time,
        weather=weather,
        seed=seed,
        backdrop=sky.paint_sky(time, weather, size, rng),
        far=far,
        mid=mid,
        near=near,
        clouds=clouds,
        veil=sky.mist(time, size) if weather == "fog" else None,
        warmth=Image.fromarray(warm.clip(0, 60).astype(np.uint8)),
        vignette=Image.fromarray((corner * 95).clip(0, 110).astype(np.uint8)),
        water=stage.water,
        water_on_mid=stage.water_on_mid,
        inside=stage.inside,
    )


def _lit(layer: Image.Image, time: str, weather: str, depth: float, glows: list[Glow], stage: Stage) -> Image.Image:
    """Grades a layer and switches its windows and lamps on when it is dark."""
    power = sky.LIGHTS[time].windows
    done = sky.grade(layer, time, weather, depth=depth)
    if power:
        before, pixels = np.asarray(layer), np.array(done).astype(np.float32)
        panes = (before[..., :3] == PANE).all(axis=2)
        pixels[panes, :3] = LIT
        h, w = panes.shape
        for glow in glows:
            cx, cy = (glow.x + MARGIN) * stage.sx, glow.y * stage.sy
            rx, ry = glow.radius * stage.sx, glow.radius * stage.sy
            x0, x1 = max(0, int(cx - 2 * rx)), min(w, int(cx + 2 * rx) + 1)
            y0, y1 = max(0, int(cy - 2 * ry)), min(h, int(cy + 2 * ry) + 1)
            if x1 <= x0 or y1 <= y0:
                continue
            spot = soft_spot((x1 - x0, y1 - y0), cx - x0, cy - y0, rx, ry)[..., None] * 0.55 * power
            pixels[y0:y1, x0:x1, :3] += (np.array(LIT, dtype=np.float32) - pixels[y0:y1, x0:x1, :3]) * spot
        done = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return bleed(done)


def _paste(frame: Image.Image, layer: Image.Image, shift: float) -> None:
    """Puts a wide layer onto the frame, moved by `shift` pixels (parts of a pixel where that can be seen)."""
    margin = (layer.width - frame.width) / 2 - shift
    left = int(margin)
    part = layer.crop((left, 0, left + frame.width, frame.height))
    share = margin - left
    if frame.width >= 400 and share > 0.02:
        part = Image.blend(part, layer.crop((left + 1, 0, left + 1 + frame.width, frame.height)), share)
    frame.paste(part, (0, 0), part)
