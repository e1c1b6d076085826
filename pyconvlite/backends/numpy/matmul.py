"""Matrix product."""

from .._calls import counted
from .contraction import contract

matmul = counted("numpy", "matmul")(contract)
