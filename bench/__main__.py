"""The benches behind one door: `python -m bench` lists them, `python -m bench NAME` runs one."""

import typer

from bench.arrival import arrival
from bench.audience import audience
from bench.drafts import drafts
from bench.evidence import evidence
from bench.four_bits import four_bits
from bench.full_size import full_size
from bench.fusion import fusion
from bench.gpu import gpu
from bench.growth import growth
from bench.load import load
from bench.looks import looks
from bench.newcomer import newcomer
from bench.processes import in_new_process
from bench.replicas import replicas
from bench.restart import restart
from bench.results import RESULTS, Out
from bench.together import together
from bench.turns import turns
from bench.yes_or_no import yes_or_no

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Figures of speed, memory and evidence.")
BENCHES = (turns, fusion, together, newcomer, restart, growth)
for bench in BENCHES:
    app.command()(bench)
app.command()(gpu)
app.command()(evidence)
app.command()(looks)
app.command()(drafts)
app.command()(load)
app.command()(arrival)
app.command()(audience)
app.command()(replicas)
app.command()(full_size)
app.command()(four_bits)
app.command()(yes_or_no)


@app.command(name="all")
def run_all(out: Out = RESULTS) -> None:
    """All that need no GPU, one after the other, each in a process of its own."""
    for bench in BENCHES:
        in_new_process(bench, out=out)


if __name__ == "__main__":
    app()
