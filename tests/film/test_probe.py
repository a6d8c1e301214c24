import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import load_movie
from llamavid_demo.film.probe import probe
from tests.film.conftest import HEIGHT, WIDTH, Clip, MakeClip, run_ffmpeg, turn

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{file}'\n",
    "concat without a head": "file '{file}'\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}</BaseURL></MPD>\n',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n",
    "pls": "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
}


def refused(path: Path, message: str) -> None:
    """`load_movie` refuses `path` with one clear message and leaves nothing behind."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(MovieError, match=message) as caught:
        load_movie(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    assert sorted(path.parent.iterdir()) == before


def test_a_plain_clip(clip: Clip) -> None:
    info = probe(clip.path)
    assert (info.container, info.codec, info.display, info.stored) == ("mov", "h264", (WIDTH, HEIGHT), (WIDTH, HEIGHT))
    assert info.duration == pytest.approx(5, abs=0.05)
    assert info.fps == pytest.approx(10)


def test_a_length_that_is_not_stated_is_found(clip: Clip, tmp_path: Path) -> None:
    # as browsers record: Matroska to a pipe
    run_ffmpeg("-i", clip.path, "-c", "copy", "-f", "matroska", "-live", "1", path := tmp_path / "live.mkv")
    assert probe(path).duration == pytest.approx(5, abs=0.11)


def test_a_file_is_looked_at_again_when_it_has_changed(make_clip: MakeClip, clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.path, path := tmp_path / "film.mp4")
    assert probe(path).display == (WIDTH, HEIGHT)
    turn(clip.path, path, quarters=1)
    os.utime(path, ns=(0, 0))
    assert probe(path).display == (HEIGHT, WIDTH)


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
def test_playlists_are_refused_and_nothing_in_them_is_opened(
    clip: Clip, tmp_path: Path, name: str, suffix: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        text = PLAYLISTS[name].format(url=f"http://127.0.0.1:{port}/film.ts", file=clip.path, port=port)
        (path := tmp_path / f"film{suffix}").write_text(text)
        refused(path, "playlist")
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()


def test_a_file_that_is_two_things_is_refused(tmp_path: Path) -> None:
    # looks like MP4 by its first box; DASH manifests are recognised anywhere
    manifest = b"    free" + PLAYLISTS["dash"].format(url="http://127.0.0.1:9/").encode() * 3
    (path := tmp_path / "film.mp4").write_bytes(manifest)
    refused(path, "cannot be read|cut off|is not the")


def test_an_address_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("http://127.0.0.1:9/film.mp4", "concat:a.mp4|b.mp4", "pipe:0", "/dev/null", "-i"):
        with pytest.raises(MovieError):
            load_movie(address)


def test_audio_only(tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path := tmp_path / "song.mp4")
    refused(path, "no film in it, but only audio")


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", cover := tmp_path / "cover.png")
    run_ffmpeg(
        "-f", "lavfi", "-i", "sine=duration=1", "-i", cover, "-map", "0", "-map", "1",
        "-c:v", "copy", "-disposition:v:0", "attached_pic", path := tmp_path / "song.m4a",
    )  # fmt: skip
    refused(path, "only a cover and audio")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"hello, this is text", "a text file"),
        ("voilà".encode() * 20_000, "a text file"),
        (b" <!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04" + bytes(50), "a ZIP archive or an office document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "a sound file"),
        (b"ID3\x04", "a sound file"),
        (bytes(5000), "a file of nothing but zeros"),
        (b"\xfe\xed\xfa\xcf\x00\x01", "a file of a kind that we do not know"),
        (b"\x01\x02abc", "a file of a kind that we do not know"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    (path := tmp_path / "film.mp4").write_bytes(data)
    refused(path, f"film.mp4 is {what}, not a video. Give MP4")


def test_an_empty_file(tmp_path: Path) -> None:
    (path := tmp_path / "film.mp4").touch()
    refused(path, r"is empty \(0 bytes\)")


@pytest.mark.parametrize("name", ["film.mp4", "faststart.mp4", "film.mkv", "film.webm", "film.avi"])
def test_a_truncated_file(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    arguments = {
        "film.mp4": X264,
        "faststart.mp4": (*X264, "-movflags", "+faststart"),
        "film.mkv": X264,
        "film.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
        "film.avi": ("-c:v", "mpeg4"),
    }[name]
    data = make_clip(f"whole-{name}", *arguments).path.read_bytes()
    (path := tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    refused(path, "is cut off")


def test_a_truncated_file_whose_parts_state_no_length(make_clip: MakeClip, tmp_path: Path) -> None:
    data = make_clip("whole.flv", "-c:v", "flv").path.read_bytes()
    (path := tmp_path / "film.flv").write_bytes(data[: len(data) // 3])
    refused(path, r"is cut off: it should last 0:0[45] but ends at")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_zero_frames(tmp_path: Path, suffix: str) -> None:
    source = ("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "0", "-c:v", "mpeg4")
    run_ffmpeg(*source, path := tmp_path / f"film{suffix}")
    refused(path, "cannot be read|No picture|no film in it|zero frames")


def test_pictures_that_do_not_decode(clip: Clip, tmp_path: Path) -> None:
    data = bytearray(clip.path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = b"\xa5" * (end - start)
    (path := tmp_path / "film.mp4").write_bytes(data)
    refused(path, "No picture of film.mp4 can be decoded")


def test_a_protected_file(make_clip: MakeClip, tmp_path: Path) -> None:
    encrypted = make_clip(
        "encrypted.mp4", *X264, "-encryption_scheme", "cenc-aes-ctr",
        "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8",
    )  # fmt: skip
    shutil.copy(encrypted.path, path := tmp_path / "film.mp4")
    refused(path, r"is protected \(DRM\)")


def test_links_may_stay_in_their_folder_but_not_leave_it(clip: Clip, tmp_path: Path) -> None:
    (folder := tmp_path / "films").mkdir()
    shutil.copy(clip.path, folder / "film.mp4")
    shutil.copy(clip.path, tmp_path / "outside.mp4")
    (folder / "inside.mp4").symlink_to("film.mp4")
    (folder / "leaves.mp4").symlink_to("../outside.mp4")
    (folder / "dangling.mp4").symlink_to("nowhere.mp4")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    assert load_movie(folder / "inside.mp4").title == "inside"
    refused(folder / "leaves.mp4", "outside its folder")
    refused(folder / "dangling.mp4", "There is no file")
    refused(folder / "loop.mp4", "cannot be opened")


def test_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(path := tmp_path / "film.mp4")
    refused(path, "not a plain file")


@pytest.mark.parametrize("name", ["we:ird % name, [x]; 'q'.mp4", "-dash.mp4", "file%03d.mp4", "no suffix"])
def test_any_name_will_do(clip: Clip, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip.path, tmp_path / name)
    assert load_movie(Path(name)).path == tmp_path / name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\nb.mp4", "The name of a�b.mp4 holds a line break"),
        ("a\0b.mp4", "The name of a�b.mp4 holds a line break or another control character"),
        ("a\u2028b.mp4", "The name of a�b.mp4 holds a line break or another control character"),
        ("x" * 4000 + ".mp4", f"{'x' * 40}… cannot be opened: File name too long"),
        ("~nobody/film.mp4", "There is no file film.mp4"),
        ("film.mp4/film.mp4", "There is no file film.mp4"),
    ],
)
def test_names_that_lead_nowhere_are_said_without_their_path(
    clip: Clip, tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip.path, tmp_path / "film.mp4")
    for path in (Path(name), tmp_path / name):
        with pytest.raises(MovieError) as refusal:
            load_movie(path)
        assert str(refusal.value).startswith(said) and str(tmp_path) not in str(refusal.value)


def test_without_ffmpeg_the_message_says_how_to_get_it(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(clip.path, path := tmp_path / "film.mp4")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MovieError, match="apt install ffmpeg"):
        load_movie(path)


def test_several_people_may_look_at_once(clip: Clip) -> None:
    seen: list[float] = []
    threads = [threading.Thread(target=lambda: seen.append(load_movie(clip.path).duration)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
