"""tools/build/arguments.py: the command line of build.sh."""

import pytest

arguments = pytest.importorskip("tools.build.arguments", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.mark.parametrize(
    "rest",
    [
        ["python", "-k", "conv2d or deconv2d", "-n", "0", "-x", "--co", "-h"],
        ["-k", "conv2d", "python"],
        ["node-0.27", "--port", "1", "--with", "x", "--durations=3"],
        [],
    ],
)
def test_pytest_arguments_are_passed_through(rest):
    assert arguments.parse(["test", *rest]).rest == rest


def test_with_options_are_collected():
    line = ["pytest-node", "tests", "--with", "scipy", "-x", "--timeout", "9", "--with=a.whl"]
    given = arguments.parse(line)
    assert given.packages == ["scipy", "a.whl"]
    assert given.rest == ["tests", "-x", "--timeout", "9"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["serve", "--port", "0"], "from 1 to 65535, not '0'"),
        (["serve", "--port", "٣"], "from 1 to 65535, not '٣'"),
        (["serve", "--port=65536"], "from 1 to 65535, not '65536'"),
        (["serve", "--port=-1"], "from 1 to 65535, not '-1'"),
        (["serve", "--port", "http"], "from 1 to 65535, not 'http'"),
        (["serve", "--port"], "from 1 to 65535, not ''"),
        (["pytest-node", "tests", "--with"], "--with needs a NAME"),
        (["pytest-node", "--with", "-x"], "--with needs a NAME"),
    ],
)
def test_invalid_values(line, words):
    with pytest.raises(SystemExit, match=f"^build.sh: .*{words}$"):
        arguments.parse(line)


@pytest.mark.parametrize("line", [["serve", "8000"], ["wheel", "-x"], ["serve", "--por", "1"]])
def test_unknown_arguments(line, capsys):
    with pytest.raises(SystemExit, match="2"):
        arguments.parse(line)
    assert capsys.readouterr().err.startswith("usage: ./build.sh COMMAND")
