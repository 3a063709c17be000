#!/usr/bin/env bash
# Packages: safetensors 0.8.0, and 0.7.0 beside it; numpy 2.4.6.
# Expected: `save` writes the array that it is given, whatever its strides, as 0.7.0 does.
# Seen: for a column slice, a transpose or an array in Fortran order, 0.8.0 writes the first bytes of
#   the memory behind the view under the shape of the view, without a warning:
#   [[0, 1], [4, 5], [8, 9]] is read back as [[0, 1], [2, 3], [4, 5]].
# Why our users care: score files are often cut from a larger matrix (`logits[:, :n]`, `scores.T`). A
#   selection from such a file is exact for other scores than the author has. Save
#   `numpy.ascontiguousarray(x)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 0.7.0 0.8.0; do
    python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
        --target "$folder/$version" "safetensors==$version" numpy==2.4.6 ||
        { echo 'not run: the packages cannot be installed' >&2; exit 2; }
    PYTHONPATH="$folder/$version" python3 -s - "$version" <<'PY'
import sys

import numpy as np
from safetensors.numpy import load, save

version = sys.argv[1]
x = np.arange(12, dtype=np.float32).reshape(3, 4)
views = {"column slice": x[:, :2], "transpose": x.T, "Fortran order": np.asfortranarray(x)}
for name, view in views.items():
    right = np.array_equal(load(save({"scores": view}))["scores"], view)
    if right != (version == "0.7.0"):
        sys.exit(f"changed: {version} writes a {name} {'right' if right else 'wrong'} now")
    contiguous = load(save({"scores": np.ascontiguousarray(view)}))["scores"]
    if not np.array_equal(contiguous, view):
        sys.exit(f"changed: {version} writes a contiguous copy of a {name} wrong now")
read = load(save({"scores": x[:, :2]}))["scores"].tolist()
print(f"safetensors {version}: {x[:, :2].tolist()} is read back as {read}")
PY
done
