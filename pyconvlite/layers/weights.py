"""Saving and loading of Parameters: Layer's methods for files and for PyTorch's state dicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .. import _npz, _safetensors, _weights
from .._arguments import boolean
from .._files import BinaryFile, title_of, written
from .._shapes import Array
from ..autograd import Parameter
from . import torch_names
from .walk import ParamTree, walk

# Suffixes of formats that save_weights does not write: those of PyTorch, pickle, Keras and ONNX.
_FOREIGN = ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".hdf5", ".keras", ".onnx"


class Weights(ParamTree):
    """Base class of Layer.

    Example:
        >>> from pyconvlite.layers import Layer
        >>> issubclass(Layer, Weights)
        True
    """

    def save_weights(self, file: BinaryFile) -> None:
        """Save the Parameters to a file; its suffix determines the format.

        Args:
            file: a path, used exactly as given, or a binary file object. An existing file is replaced only
                when the new one is complete; its mode and symbolic links to it stay. With the suffix
                `.safetensors` it has the arrays of `state_dict`, for PyTorch and others; with any other, and
                as a file object, it is an npz archive with one array per name of `named_params`.

        Raises:
            OSError: the file cannot be written, or there is something else than a file at the path.
            ValueError: the suffix is that of another format, such as `.pth` and `.h5`; a Parameter has no
                data yet, two have the same name, or a name cannot be stored.

        Example:
            >>> import io
            >>> import numpy as np
            >>> from pyconvlite.layers import Linear
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> {name: array.shape for name, array in np.load(file).items()}
            {'W': (2, 3), 'b': (3,)}
        """
        name = os.fspath(file).lower() if isinstance(file, str | os.PathLike) else ""
        if name.endswith(_FOREIGN):
            raise ValueError(
                f"{os.path.splitext(name)[1]} is the suffix of another format; save as .npz, or as "
                ".safetensors, which PyTorch reads too"
                + ("; onnx.save writes ONNX files" if name.endswith(".onnx") else "")
            )
        if name.endswith(".safetensors"):
            arrays, write = self.state_dict(), _safetensors.write
        else:
            arrays, write = _weights.arrays_of(self._all_params()), _npz.write
        with written(file) as stream:
            write(stream, arrays)

    def load_weights(self, file: BinaryFile) -> None:
        """Load the Parameters from a file; each Parameter keeps its dtype.

        The format is detected from the contents: that of `save_weights`, or safetensors and PyTorch's `.pt`
        and `.pth`, which are read as by `load_state_dict`. Nothing in a file is executed.

        The whole file is checked before any Parameter changes. In an npz archive names, shapes and dtypes are
        checked before any array is read, so that a file that does not fit takes little memory. Layers whose
        input size is not known yet take it from the weights.

        Args:
            file: a path or a binary file object.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: the file is damaged or of another format, a name is missing or unexpected, an array
                has the wrong shape or is not floating point, two arrays for a shared Parameter differ, or a
                number exceeds the Parameter's dtype.

        Example:
            >>> import io
            >>> from pyconvlite.layers import Linear
            >>> file = io.BytesIO()
            >>> Linear(3, in_size=2).save_weights(file)
            >>> _ = file.seek(0)
            >>> linear = Linear(3)
            >>> linear.load_weights(file)
            >>> linear.W.shape
            (2, 3)
        """
        mapping = _weights.foreign(file)
        if mapping is None:
            by_each_name = {
                name: node for name, node, _ in walk(self, again=True) if isinstance(node, Parameter)
            }
            _weights.load(file, self._all_params(), by_each_name)
        else:
            self._load_state_dict(mapping, True, title_of(file))

    def state_dict(self) -> dict[str, Array]:
        """Copies of the Parameters with PyTorch's names and in its layouts.

        A path has dots (`conv1.weight`), the layers of a Sequential are named by their index (`0.weight`); W
        and gamma are `weight`, b and beta `bias`, avg_mean and avg_var `running_mean` and `running_var`; the
        W of a Linear layer is transposed. A shared Parameter has its first name only. Models that torchvision
        also has use its names. PyTorch concatenates the gates' weights, which are separate here.

        Raises:
            RuntimeError: the runtime cannot wait for a device.
            ValueError: a Parameter has no data yet, or two have the same name in PyTorch.

        Example:
            >>> from pyconvlite.layers import BatchNorm, Linear
            >>> from pyconvlite.models import Sequential
            >>> model = Sequential(Linear(3, in_size=2), BatchNorm(3))
            >>> list(model.state_dict())
            ['0.weight', '0.bias', '1.running_mean', '1.running_var', '1.weight', '1.bias']
        """
        _weights.arrays_of(self._all_params())  # which checks that there is data
        return {key: entry.array() for key, entry in torch_names.entries(walk(self)).items()}

    def load_state_dict(self, mapping: Mapping[str, Any], strict: bool = True) -> torch_names.Keys:
        """Load Parameters from arrays with PyTorch's names and in its layouts.

        Each Parameter keeps its dtype. Nothing changes unless all fits. `num_batches_tracked` of PyTorch's
        batch normalization is ignored. A shared Parameter may have an array under each of its names.

        Args:
            mapping: arrays or PyTorch tensors by the keys of `state_dict`.
            strict: whether the keys must be the same, except for a prefix that all have, such as `module.` of
                PyTorch's DataParallel; if not, Parameters that are missing stay as they are.

        Returns:
            The missing and the unexpected keys.

        Raises:
            TypeError: `mapping` is not a mapping, or `strict` is not a bool.
            ValueError: a key is missing or unexpected, an array has the wrong shape or is not floating point,
                two arrays for a shared Parameter differ, or a number exceeds the Parameter's dtype; all such
                keys are named. Or two Parameters have the same key.

        Example:
            >>> import numpy as np
            >>> from pyconvlite.layers import Linear
            >>> linear = Linear(1)
            >>> linear.load_state_dict({"weight": np.array([[2.0, 3.0]])}, strict=False)
            Keys(missing=['bias'], unexpected=[])
            >>> linear.W
            variable([[2.]
                      [3.]])
        """
        if not isinstance(mapping, Mapping):
            raise TypeError(
                f"mapping must have arrays by keys; got {type(mapping).__name__}; load_weights reads files"
            )
        return self._load_state_dict(mapping, boolean(strict, "strict"), "the state dict")

    def _load_state_dict(self, mapping: Mapping[str, Any], strict: bool, title: str) -> torch_names.Keys:
        found = torch_names.entries(walk(self))
        others = torch_names.entries(walk(self, again=True), unique=False)
        return torch_names.load(found, others, mapping, strict, title)

    def _torch_key(self, key: str) -> str:
        """PyTorch's key for one of this layer's Parameters, given that of our attributes."""
        return key
