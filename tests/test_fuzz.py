"""Inputs that fuzzing found (fuzz.py): each is read or refused, as it was then."""

import zipfile

import fuzz
import pytest


@pytest.mark.parametrize("name", fuzz.READERS)
def test_corpus_is_read_or_refused(name):
    with zipfile.ZipFile(fuzz.CORPUS) as corpus:
        inputs = [corpus.read(each) for each in corpus.namelist() if each.startswith(f"{name}/")]
    assert len(inputs) > 5
    for data in inputs:
        try:
            fuzz.READERS[name](data)
        except ValueError as error:
            refusal = str(error)
        else:
            continue
        assert fuzz.is_refusal(refusal), refusal
