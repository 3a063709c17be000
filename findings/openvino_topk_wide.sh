#!/usr/bin/env bash
# Packages: openvino 2026.4.1 (CPU plug-in), numpy 2.4.6.
# Expected: TopK of a tensor of int64, uint64, uint32 or float64 ranks what is in the tensor; the
#   compiled model says the output has the same type as the input.
# Seen: the CPU plug-in computes in int32 and float32. A uint32 score of 2^31 or more ranks below 3, an
#   int64 score loses its upper half, two float64 scores that differ by 1e-12 are equal and the lesser
#   may come first, and 1e300 is returned as 3.4028234663852886e+38. The output still says int64 and f64;
#   nothing is raised, with the precision hint at f32 too.
# Why our users care: packed keys (score bits << 32 | column), hashes and timestamps are what people rank
#   as int64. Values beyond 2^31 are last instead of first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" openvino==2026.4.1 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import numpy as np
import openvino
from openvino import opset13 as op


def top(scores):
    x = op.parameter([1, len(scores)], scores.dtype.type)
    node = op.topk(x, np.int32(2), 1, "max", "value", "i64")
    model = openvino.Model([node.output(0), node.output(1)], [x])
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    values, columns = compiled(scores[None]).values()
    return str(values.dtype), values[0].tolist(), columns[0].tolist()


largest = 3.4028234663852886e38
cases = [
    (np.array([7, 5, 3], np.int64), ["int64", [7, 5], [0, 1]]),
    (np.array([2**32 + 1, 7, 5, 3], np.int64), ["int64", [7, 5], [1, 2]]),
    (np.array([2**31 + 1, 7, 5, 3], np.uint32), ["uint32", [7, 5], [1, 2]]),
    (np.array([2**63 + 1, 7, 5, 3], np.uint64), ["uint64", [7, 5], [1, 2]]),
    (np.array([1, 1 + 1e-12, 1 + 2e-12]), ["float64", [1.0, 1.0], [0, 1]]),
    (np.array([1e200, 1e300, 5.0]), ["float64", [largest, largest], [0, 1]]),
]
for scores, seen in cases:
    dtype, values, columns = top(scores)
    print(f"{scores.dtype} {scores.tolist()}: {dtype} {values} at {columns}")
    if [dtype, values, columns] != seen:
        sys.exit(f"changed: it was {seen}")
PY
