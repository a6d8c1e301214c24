"""Learning curves of a training as a picture: a column a stage, the loss above, what is right below."""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from llamavid_demo.training.notes import NOTE


def plot_curves(folder: Path, out: Path, *, stages: list[str]) -> None:
    """Draw the loss and the running accuracies of `stages` from their states in `folder` into the file `out`."""
    saved = {name: torch.load(folder / f"{name}.pt", weights_only=True) for name in stages}
    figure = Figure(figsize=(3.2 * len(stages), 5.6))
    panels = figure.subplots(2, len(stages), squeeze=False)
    for column, (name, state) in enumerate(saved.items()):
        steps = [row[0] for row in state["curve"]]
        above, below = panels[0][column], panels[1][column]
        above.plot(steps, [row[1] for row in state["curve"]], color="black", linewidth=1)
        above.set(title=f"{name}\n{state['seconds'] / 60:.0f} min", yscale="log")
        kinds = sorted({kind for row in state["curve"] for kind in row[2] if not kind.startswith(NOTE)})
        for number, kind in enumerate(kinds):
            accuracy = [row[2].get(kind, float("nan")) for row in state["curve"]]
            style = ("-", "--", ":")[number // 10 % 3]
            below.plot(steps, accuracy, style, color=f"C{number % 10}", linewidth=1, label=kind)
        below.set(ylim=(0, 1.02), xlabel="step")
        if kinds and name in (stages[-1], "seeing", "aligning"):
            below.legend(fontsize=5, ncols=2, loc="lower right")
    panels[0][0].set_ylabel("loss")
    panels[1][0].set_ylabel("right (running mean)")
    figure.tight_layout()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
