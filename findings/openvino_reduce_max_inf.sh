#!/usr/bin/env bash
# Packages: openvino 2026.4.1 (CPU plug-in), numpy 2.4.6.
# Expected: ReduceMax of a row of -inf is -inf, and TopK with k = 1 returns the same value.
# Seen: ReduceMax gives -3.4028234663852886e+38, the least finite float32, and ReduceMin of a row of
#   +inf the greatest. TopK of the same row gives -inf.
# Why our users care: -inf marks masked scores, and "is the maximum -inf?" is the test for a row without
#   a valid score. The test says no, and x - max is -inf instead of NaN: a row whose softmax should be
#   NaN (or be skipped) goes on as a row of zeros. Take the maximum from TopK.
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

least = float(np.finfo(np.float32).min)
for columns in (2, 16, 100):
    x = op.parameter([1, columns], np.float32)
    most = op.reduce_max(x, np.array([1]), False)
    fewest = op.reduce_min(op.negative(x), np.array([1]), False)
    first = op.topk(x, np.int32(1), 1, "max", "value", "i32")
    model = openvino.Model([most.output(0), fewest.output(0), first.output(0)], [x])
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    masked = np.full((1, columns), -np.inf, np.float32)
    got = [float(value.ravel()[0]) for value in compiled(masked).values()]
    print(f"{columns} columns of -inf: ReduceMax {got[0]}, ReduceMin of -x {got[1]}, TopK {got[2]}")
    if got != [least, -least, -np.inf]:
        sys.exit(f"changed: they were {least}, {-least} and -inf")
PY
