"""The runner of the docs' console sessions notices what it has to notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import transcript

PAGE = """
<!-- setup: echo 3 > here.txt -->

```console
$ cat here.txt
3

$ printf 'a 1 b\\nc\\n'
a … b
...
```

text

```console
$ cat > more.txt <<'END'
> two
>
> END
$ cat more.txt; false; echo $?
two

1
```
"""


def test_a_true_page_has_no_differences(tmp_path: Path) -> None:
    assert transcript.differences(PAGE, tmp_path) == []


def test_a_false_page_is_told_and_mended(tmp_path: Path) -> None:
    page = PAGE.replace("\ntwo\n\n1", "\nthree\n1")
    (difference,) = transcript.differences(page, tmp_path / "check")
    assert "three" in difference and "two" in difference
    assert transcript.rewritten(page, tmp_path / "write") == PAGE


def test_times_of_the_run_are_not_written(tmp_path: Path) -> None:
    page = "```console\n$ echo took 0.25 s at $(date -u '+%Y-%m-%d %H:%M:%S')\n```\n"
    assert "took … s at …\n" in transcript.rewritten(page, tmp_path)


def test_a_failing_command_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exit code 1"):
        transcript.differences("```console\n$ false\n```\n", tmp_path)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a", "a \n", True),
        ("a", "b", False),
        ("a", "a\nb", False),
        ("a\n...", "a\nb\nc", True),
        ("...\nc", "a\nb\nc", True),
        ("took … s", "took 1.25 s", True),
        ("took … s", "took 1.25 m", False),
        ("a.c", "abc", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_matching(expected: str, actual: str, same: bool) -> None:
    assert transcript.matches(expected, actual) is same
