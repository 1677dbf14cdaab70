"""What a worker has freed, its next snapshot takes again without asking the kernel for pages."""

import platform
import subprocess
import sys

import pytest

_COPIES = """
import resource
from streams.heap import keep_freed
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
