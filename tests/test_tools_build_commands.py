"""tools/build/commands.py: `./build.sh bench` refuses unknown words before it builds anything."""

import pytest

commands = pytest.importorskip("tools.build.commands", reason="the tools are not in the wheel")
process = pytest.importorskip("tools.build.process", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["webgp"], "bench: 'webgp' is none of parallel, lighthouse .*, webgpu, nets .*, threads, tiny"),
        (["tiny", "webgpu"], "bench: 'tiny webgpu' is none of"),
        (["parallel", "--cpu", "x"], "bench: 'parallel --cpu x' is none of"),
    ],
)
def test_unknown_benchmarks_are_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(commands, "make", lambda *outputs: pytest.fail("it builds"))
    with pytest.raises(process.BuildError, match=message):
        commands.bench(arguments)
