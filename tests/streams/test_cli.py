"""The command's exit codes: what a user gets wrong is one line on stderr, never a traceback."""

from __future__ import annotations

import pytest

from streams.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["bench", "nosuch"],
        ["bench", "decode", "--rounds", "0"],
        ["decode", "--no-such-option"],
        ["bench", "decode", "--data", "/no/such/folder"],
    ],
)
def test_wrong_use_ends_with_2_and_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["wakewatch", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.startswith("wakewatch: ") and said.err.count("\n") == 1 and not said.out
