"""Freed memory of a server: kept for the next reading, and given back in the end."""

import subprocess
import sys

import pytest

MEASURED = """
import os
from pathlib import Path
import torch
from llamavid_demo.model.allocator import give_back, keep_freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000

keep_freed_memory()
before = held()
parts = [torch.ones(250_000) for _ in range(150)]
del parts
kept = held()
give_back()
print(kept - before, held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_was_freed_is_kept_until_it_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True).stdout
    kept, in_the_end = map(int, told.split())  # megabytes
    assert kept > 100
    assert in_the_end < 50
