#!/usr/bin/env bash
# Packages: jax 0.10.2 (CPU), numpy 2.4.6.
# Expected: `jax.dlpack.from_dlpack(x, copy=True)` copies, as the array API standard says of `copy=True`
#   and as `numpy.from_dlpack(x, copy=True)` does.
# Seen: where the memory begins at a multiple of 64 bytes, the jax array shares it all the same, and a
#   later write to `x` changes the jax array. At any other address jax copies, with every value of
#   `copy` but False. `jax.device_put(x, may_alias=False)` shares too.
# Why our users care: an engine that reuses its score buffer for the next step gives jax a snapshot by
#   `copy=True`, and the snapshot changes, for the rows that begin at a multiple of 64 bytes only: in a
#   matrix of 20 columns of float32 every fourth row. Use `jnp.array(x)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
JAX_PLATFORMS=cpu PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import jax
import jax.numpy as jnp
import numpy as np


def after_write(take, offset):
    """What the taken array has in its first place after 1 was overwritten by 7."""
    memory = np.zeros(4096 + 64, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    scores = memory[start : start + 4000].view(np.float32)
    scores[:] = 1
    taken = take(scores)
    jax.block_until_ready(taken)
    scores[:] = 7
    return float(taken[0])


# How it is taken; what is seen at a multiple of 64 bytes, and 4 bytes behind one.
cases = {
    "numpy.from_dlpack(copy=True)": (lambda x: np.from_dlpack(x, copy=True), 1.0, 1.0),
    "jnp.array": (jnp.array, 1.0, 1.0),
    "jax.dlpack.from_dlpack": (jax.dlpack.from_dlpack, 7.0, 1.0),
    "jax.dlpack.from_dlpack(copy=True)": (lambda x: jax.dlpack.from_dlpack(x, copy=True), 7.0, 1.0),
    "jax.device_put(may_alias=False)": (lambda x: jax.device_put(x, may_alias=False), 7.0, 1.0),
}
for name, (take, *seen) in cases.items():
    now = [after_write(take, offset) for offset in (0, 4)]
    print(f"{name}: after the write, aligned {now[0]}, not aligned {now[1]}")
    if now != seen:
        sys.exit(f"changed: {name} gives {now}; it gave {seen}")
PY
