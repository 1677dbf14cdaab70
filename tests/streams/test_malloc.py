"""What a worker has freed, its next snapshot takes again without asking the kernel for pages."""

import platform
import subprocess
import sys

import pytest

_COPIES = """
import resource
from streams.worker.malloc import keep_freed
keep_freed()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    copies = [b'x' * 300_000 for _ in range(100)]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    del copies
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, which is not installed")
def test_freed_copies_are_used_again() -> None:
    told = subprocess.run([sys.executable, "-c", _COPIES], check=True, capture_output=True, text=True)
    first, again = map(int, told.stdout.split())
    assert again < first / 10


_PEAK = """
from pathlib import Path
from streams.worker.malloc import give_back, keep_freed
def held_mb():
    return int(next(l for l in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in l).split()[1]) // 1024
keep_freed()
peak = [b"x" * 300_000 for _ in range(300)]
kept, peak = peak[::30], None
print(held_mb())
give_back()
print(held_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, which is not installed")
def test_what_was_needed_once_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", _PEAK], check=True, capture_output=True, text=True)
    before_mb, after_mb = map(int, told.stdout.split())
    assert after_mb < before_mb - 60
