#!/usr/bin/env bash
# Packages: onnxruntime 1.32.0 (CPU) and onnx 1.23.2, numpy 2.4.6.
# Expected: ArgMax and TopK with k = 1 of one tensor give the same column, as in ONNX's own reference
#   evaluator, where NaN is greatest.
# Seen: since 1.32.0 TopK ranks NaN first wherever it stands. ArgMax compares by plain `>`: it gives the
#   NaN's column only if the NaN stands in column 0, and else the greatest number's.
# Why our users care: a greedy sampler is exported as ArgMax by one tool and as TopK by another. On the
#   same logits with one NaN they decode different tokens, and a test against the reference evaluator
#   passes for TopK alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def first(run, row):
    graph = helper.make_graph(
        [
            helper.make_node("ArgMax", ["x"], ["best"], axis=1, keepdims=0),
            helper.make_node("TopK", ["x", "k"], ["values", "columns"]),
        ],
        "first",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, len(row)])],
        [
            helper.make_tensor_value_info("best", TensorProto.INT64, None),
            helper.make_tensor_value_info("columns", TensorProto.INT64, None),
        ],
        [helper.make_tensor("k", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    best, columns = run(model, {"x": np.array([row], np.float32)})
    return int(best[0]), int(columns[0, 0])


def runtime(model, inputs):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


def reference(model, inputs):
    return ReferenceEvaluator(model).run(None, inputs)


nan = float("nan")
for row, argmax, topk in [
    ([1, 2, 5, 3], 2, 2),
    ([nan, 1, 5, 3], 0, 0),
    ([1, nan, 5, 3], 2, 1),
    ([1, 3, 5, nan], 2, 3),
]:
    got = first(runtime, row)
    print(f"{row}: ArgMax {got[0]}, TopK {got[1]}")
    if got != (argmax, topk):
        sys.exit(f"changed: they were {argmax} and {topk}")
    if first(reference, row) != (topk, topk):
        sys.exit("changed: the reference evaluator does not rank NaN first in both")
PY
