"""Networks that are put together side by side, as when somebody turns to a model while another one still loads."""

import threading

import torch
from torch import nn

from llamavid_demo.model.placement import choose_placement
from llamavid_demo.model.weights import fill, lay_out

ROUNDS = 300


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.llama = nn.Linear(4, 4)


def test_what_is_filled_stays_real_while_another_network_is_laid_out() -> None:
    done, register = threading.Event(), nn.Module.register_parameter

    def lay_out_until_done() -> None:
        while not done.is_set():
            assert all(weight.is_meta for weight in lay_out(Small).parameters())

    others = [threading.Thread(target=lay_out_until_done) for _ in range(2)]
    for thread in others:
        thread.start()
    try:
        for _ in range(ROUNDS):
            network = lay_out(Small)
            fill(
                network,
                [("llama.weight", torch.ones(4, 4)), ("llama.bias", torch.ones(4))],
                choose_placement("cpu", "float32", "none"),
            )
            assert not any(weight.is_meta for weight in network.parameters())
    finally:
        done.set()
        for thread in others:
            thread.join()
    assert nn.Module.register_parameter is register
