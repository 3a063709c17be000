#!/usr/bin/env bash
# Packages: jax 0.10.2 (CPU), numpy 2.4.6.
# Expected: `jax.dlpack.from_dlpack` takes the tensor as it is or raises an error: DLPack carries the
#   dtype, and there is no cast in the protocol.
# Seen: with 64-bit types off (as jax starts), int64 and uint64 tensors become int32 and uint32 modulo
#   2^32, without a warning: [2^40 + 7, 5] arrives as [7, 5]. float64 becomes float32. `copy=False` does
#   not help where the memory begins at a multiple of 64 bytes: the narrowed copy is taken all the same.
# Why our users care: indices of winners are int64 in most libraries. In an index of more than 2^31
#   vectors, or where row * columns + column is one number, the winners that arrive are other rows, all
#   of them in range. Switch 64-bit types on (`jax_enable_x64`), or check the dtype after the import.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
JAX_PLATFORMS=cpu PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys
import warnings

import jax
import numpy as np

cases = [
    (np.array([2**40 + 7, 5]), "int32", [7, 5]),
    (np.array([2**31 + 7, 5]), "int32", [-(2**31) + 7, 5]),
    (np.array([2**40 + 7, 5], np.uint64), "uint32", [7, 5]),
    (np.array([1 + 1e-12, 1.0]), "float32", [1.0, 1.0]),
]
for tensor, dtype, values in cases:
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        taken = jax.dlpack.from_dlpack(tensor)
    print(f"{tensor.dtype} {tensor.tolist()} arrives as {taken.dtype} {taken.tolist()}")
    if (str(taken.dtype), taken.tolist()) != (dtype, values):
        sys.exit(f"changed: it arrived as {dtype} {values}")
    if raised:
        sys.exit(f"changed: there is a warning now: {raised[0].message}")

memory = np.zeros(16, np.int64)
start = -memory.ctypes.data % 64 // 8
aligned = memory[start : start + 2]
aligned[:] = [2**40 + 7, 5]
taken = jax.dlpack.from_dlpack(aligned, copy=False)
print(f"copy=False, aligned: {aligned.tolist()} arrives as {taken.dtype} {taken.tolist()}")
if (str(taken.dtype), taken.tolist()) != ("int32", [7, 5]):
    sys.exit("changed: it arrived as int32 [7, 5]")
PY
