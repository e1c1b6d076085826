"""The training page's diagnosis of a run, from its curves and settings."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.build import programs

ROOT = Path(__file__).parents[2]

# Diagnoses one run per line, in both languages, with the page's own modules.
PROGRAM = """
const { createServer } = await import('vite');
const { components } = await import('./site/pages.js');
const server = await createServer({
  root: 'site',
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  plugins: components(),
  server: { middlewareMode: true, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { diagnose } = await server.ssrLoadModule('/src/train/diagnosis.ts');
const { setLanguage } = await server.ssrLoadModule('/src/app/language.svelte.ts');
for await (const line of (await import('node:readline')).createInterface(process.stdin)) {
  const { run, curves } = JSON.parse(line);
  const found = diagnose(run, curves, null, null);
  const said = ['en', 'ja'].map((language) => (setLanguage(language), found.say()));
  console.log(JSON.stringify([found.kind, ...said]));
}
await server.close();
"""

GUESSING = math.log(10)
IMAGES = 1_000
RISING = [1.0] * 60 + [4.0] * 60
STUCK = [GUESSING + 0.01] * 120
SLOW = [GUESSING - 0.01] * 120
FALLING = [2 - 0.015 * i for i in range(120)]


def run_of(
    losses: list[float],
    test: list[float] | None = None,
    images: int = IMAGES,
    origin: str = "random",
    **settings: Any,
) -> dict[str, Any]:
    """A run and its curves.

    Args:
        losses: of batches.
        test: losses on test images, at equal distances.
        images: of an epoch.
        origin: of the weights that the run began with.
        settings: those that are not as at first.
    """
    usual = {"model": "SmallCNN", "optimizer": "Adam", "learningRate": 0.005, "batchSize": 32}
    settings = usual | settings | {"images": images, "epochs": 9}
    total = len(losses) * settings["batchSize"]
    test = test or []
    curves = {
        "samples": [settings["batchSize"] * (i + 1) for i in range(len(losses))],
        "loss": losses,
        "accuracy": [0.5] * len(losses),
        "test": {
            "samples": [total * (i + 1) // len(test) for i in range(len(test))],
            "loss": test,
            "accuracy": [0.5] * len(test),
        },
    }
    start = {"name": settings["model"], "origin": origin, "samples": 0, "classes": 10}
    return {"run": {"settings": settings, "start": start}, "curves": curves}


@pytest.fixture(scope="module")
def diagnosis() -> Iterator[Callable[..., list[str]]]:
    """`diagnosis(**run)`, see `run_of`: the kind of diagnosis, and its text in English and Japanese."""
    command = [str(programs.find_node()), "--input-type=module", "--eval", PROGRAM]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as node:

        def diagnosis(*args: Any, **settings: Any) -> list[str]:
            assert node.stdin
            assert node.stdout
            print(json.dumps(run_of(*args, **settings)), file=node.stdin, flush=True)
            return list(json.loads(node.stdout.readline()))

        yield diagnosis


def test_no_overfitting_in_the_first_epoch(diagnosis: Callable[..., list[str]]) -> None:
    test = [0.5, 0.7, 0.7, 0.7, 0.7]
    seen = 32 * len(FALLING)
    assert diagnosis(FALLING, test, images=seen)[1] == "Learning well."
    kind, english, japanese = diagnosis(FALLING, test, images=seen - 1)
    assert (kind, english[:27]) == ("warn", "Overfitting since epoch 1: ")
    assert japanese.startswith("エポック 1 から過学習")


DEEP = "-".join(["conv8x3s"] * 6)
NORMED = "-".join(["conv8x3s-norm"] * 5)


@pytest.mark.parametrize(
    ("losses", "settings", "symptom", "remedy"),
    [
        (RISING, {}, "Diverging", "Lower the learning rate"),
        (RISING, {"learningRate": 1}, "Diverging", "Lower the learning rate"),
        (STUCK, {"learningRate": 3, "model": DEEP}, "Not learning", "Lower the learning rate"),
        (STUCK, {"learningRate": 1e-6}, "Not learning", "Raise the learning rate"),
        (SLOW, {"learningRate": 1e-6}, "Barely moving", "Raise the learning rate"),
        (SLOW, {"optimizer": "SGD", "learningRate": 2}, "Barely moving", "Lower the learning rate"),
        (STUCK, {"model": DEEP}, "Not learning", "add it after the convolutions"),
        (SLOW, {"model": DEEP}, "Barely moving", "add it after the convolutions"),
        (STUCK, {"model": NORMED}, "Not learning", "Lower the learning rate"),
        (STUCK, {"model": NORMED, "batchSize": 2, "learningRate": 1}, "Not learning", "Use larger batches"),
        (RISING, {"batchSize": 1}, "Diverging", "Use larger batches"),
        (RISING, {"origin": "uploaded"}, "Diverging", "Start from random weights"),
    ],
)
def test_the_advice_fits_the_settings(
    diagnosis: Callable[..., list[str]],
    losses: list[float],
    settings: dict[str, Any],
    symptom: str,
    remedy: str,
) -> None:
    _, english, japanese = diagnosis(losses, **settings)
    assert english.startswith(f"{symptom}: ")
    assert remedy in english
    same = {
        "Lower": "学習率を下げてください",
        "Raise": "学習率を上げてください",
        "add it": "バッチ正規化",
        "Use larger": "バッチを大きく",
        "Start from": "乱数の重みから",
    }
    [expected] = [text for start, text in same.items() if remedy.startswith(start)]
    assert expected in japanese
