"""A picture as a film of one second, for a page that plays films and cuts stills out of them."""

from pathlib import Path

import ffmpeg
from PIL import Image

from llamavid_demo.errors import PictureError
from llamavid_demo.film.ffmpeg_commands import address, first_line, run_ffmpeg
from llamavid_demo.film.pictures import read_picture

LONGEST = 1280  # pixels of the longer side; models look at far fewer
SHORTEST = 16  # pixels; what is thinner is refused


def still_film(picture: Path) -> Path:
    """Write a film (H.264 in MP4) beside a picture that shows it for a second; gives the film's path.

    Raises `PictureError`, and what `read_picture` and `run_ffmpeg` raise.
    """
    seen = Image.fromarray(read_picture(picture))
    seen.thumbnail((LONGEST, LONGEST))
    if min(seen.size) < SHORTEST:
        raise PictureError(f"{picture.name} is {seen.width}×{seen.height} pixels, too thin to be looked at: cut it.")
    width, height = (side - side % 2 for side in seen.size)  # H.264 wants even ones
    film, pixels = picture.with_suffix(".mp4"), picture.with_suffix(".rgb")
    pixels.write_bytes(seen.crop((0, 0, width, height)).tobytes())
    source = ffmpeg.input(address(pixels), format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=1)
    node = source.output(str(film), vcodec="libx264", pix_fmt="yuv420p", movflags="+faststart").overwrite_output()
    try:
        code, _, errors = run_ffmpeg(node, pixels)
    finally:
        pixels.unlink()
    if code:
        raise PictureError(f"{picture.name} cannot be shown here: {first_line(errors, film)}.")
    return film
