"""Two replicas on Ray Serve, on this machine: answers, routing, Stop, and one that is killed while it writes."""

from dataclasses import replace
from ipaddress import ip_address

import psutil

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.replica_chat import ReplicaChat
from llamavid_demo.chat.replicas import RayReplicas
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND

LONG = 1500  # tokens: seconds of work


def processes() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def replica_processes() -> list[psutil.Process]:
    return [one for one in processes() if "ServeReplica" in " ".join(one.cmdline())]


def seconds(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def test_everything_listens_on_loopback_alone(replicas: RayReplicas) -> None:
    open_ports = [
        (one.name(), line.laddr) for one in (psutil.Process(), *processes()) for line in one.net_connections("inet")
        if line.status == psutil.CONN_LISTEN
    ]  # fmt: skip
    assert len(open_ports) > 5
    mapped = {(name, ip_address(address.ip.removeprefix("::ffff:"))) for name, address in open_ports}
    assert not {(name, address) for name, address in mapped if not address.is_loopback}


def test_replicas_answer_as_a_model_in_this_process_does(
    chat: ReplicaChat, loaded: LoadedModel, film: Movie, settings: Settings
) -> None:
    here = MovieChat(loaded, film, settings=settings)
    for question in (FIRST, SECOND):
        mine, turn = here.ask(question).finish(), chat.ask(question).finish()
        assert turn.text == mine.text and turn.evidence == mine.evidence


def test_conversations_about_a_section_meet_in_one_replica(
    replicas: RayReplicas, outline: LoadedModel, film: Movie, settings: Settings
) -> None:
    def reused(film: Movie) -> bool:
        chat = ReplicaChat(outline, film, name="noise", replicas=replicas, settings=settings)
        stats = chat.ask(FIRST, max_new_tokens=2).finish().stats
        assert stats
        return stats.reused_tokens >= stats.section_tokens

    assert film.subtitles
    for number in range(8):  # by chance all second ones would meet their first ones once in 256 runs
        cues = tuple(replace(cue, text=f"{cue.text} {number}") for cue in film.subtitles.cues)
        other = replace(film, slug=f"film-{number}", subtitles=replace(film.subtitles, cues=cues))
        assert [reused(other), reused(other)] == [False, True]


def test_stop_ends_an_answer_over_there(chat: ReplicaChat) -> None:
    turn = chat.ask(FIRST)
    for told in turn.events(0):
        if any(isinstance(what, str) for what in told):
            turn.stop()
    assert turn.finished == "stopped" and turn.text
    assert turn.stats and turn.stats.new_tokens < 300


def test_a_killed_replicas_answer_is_written_to_its_end_by_the_other(chat: ReplicaChat, replicas: RayReplicas) -> None:
    whole = chat.ask(FIRST, max_new_tokens=LONG).finish().text
    chat.undo()
    worked = {one: seconds(one) for one in replica_processes()}
    assert len(worked) == 2
    turn, pieces = chat.ask(FIRST, max_new_tokens=LONG), []
    for told in turn.events(0):
        pieces += [what for what in told if isinstance(what, str)]
        if len(pieces) == 3 and worked:
            busy = max(worked, key=lambda one: seconds(one) - worked[one])
            busy.kill()
            worked.clear()
    assert not worked and not busy.is_running()
    assert "".join(pieces) == turn.text == whole and turn.finished == "length"
