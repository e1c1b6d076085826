"""tools/build/outputs.py: an output is made once for each state of its inputs."""

import threading

import pytest

outputs = pytest.importorskip("tools.build.outputs", reason="the tools are not in the wheel")
process = pytest.importorskip("tools.build.process", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


class Maker:
    """A task that makes `out/made` from `source`, and counts its runs."""

    def __init__(self):
        self.times = 0
        self.fails = False
        self.arguments = ("text",)

    def tasks(self):
        yield outputs._output("out/made", ["source"], self.make_it, *self.arguments)

    def make_it(self, text):
        self.times += 1
        with open("out/made", "w") as file:
            file.write(text)
        if self.fails:
            raise process.BuildError("it broke")

    def made(self):
        """Request the output once more; return how often it was made for that."""
        before = self.times
        outputs.make("out/made")
        return self.times - before


@pytest.fixture
def maker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source").write_text("a")
    (tmp_path / "out").mkdir()
    maker = Maker()
    monkeypatch.setattr(outputs, "_tasks", maker.tasks)
    return maker


def test_output_is_made_once_per_state_of_inputs(maker, tmp_path):
    assert [maker.made(), maker.made()] == [1, 0]
    (tmp_path / "source").write_text("b")
    assert [maker.made(), maker.made()] == [1, 0]
    maker.arguments = ("other text",)
    assert [maker.made(), maker.made()] == [1, 0]
    (tmp_path / "out" / "made").unlink()
    assert [maker.made(), maker.made()] == [1, 0]


def test_failed_output_is_made_again(maker, tmp_path, capsys):
    maker.made()
    (tmp_path / "source").write_text("b")
    maker.fails = True
    with pytest.raises(process.BuildError):
        maker.made()
    assert "it broke" in capsys.readouterr().err
    maker.fails = False
    (tmp_path / "source").write_text("a")
    assert [maker.made(), maker.made()] == [1, 0]


def test_concurrent_runs_wait(maker, capsys):
    with process.alone():
        second = threading.Thread(target=maker.made)
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert maker.times == 0
    second.join()
    assert maker.times == 1
    assert "waiting for another run" in capsys.readouterr().err


def test_inputs_are_files_or_outputs_of_other_tasks():
    """Each input of the real outputs is a file of the repository, or made by another output's task."""
    tasks = list(outputs._tasks())
    made = {target for task in tasks for target in task["targets"]}
    for task in tasks:
        for name in task["file_dep"]:
            assert name in made or (outputs.ROOT / name).is_file(), name
