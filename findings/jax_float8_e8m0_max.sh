#!/usr/bin/env bash
# Packages: jax 0.10.2 (CPU), ml_dtypes 0.6.0, numpy 2.4.6.
# Expected: `jnp.max` and `jnp.argmax` of float8_e8m0fnu (the block scales of MXFP8 and MXFP4) give the
#   greatest scale, as numpy on the same dtype does.
# Seen: `jnp.max` and `jnp.min` are NaN and `jnp.argmax` is 0 for every input, though no input is NaN;
#   `lax.cummax` is all NaN. The reduction starts from -inf, and e8m0 has neither sign nor infinity, so
#   it starts from NaN. `lax.top_k` and `jnp.sort` are right.
# Why our users care: the greatest block scale tells which block can have the greatest score. Pruning by
#   `jnp.argmax` always takes block 0. Use `lax.top_k(scales, 1)`, or compare the bits as uint8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
JAX_PLATFORMS=cpu PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax import lax

for seed in range(5):
    powers = np.random.default_rng(seed).permutation(33) - 16
    # The greatest scale is nowhere at column 0.
    powers = np.roll(powers, 1 - int(powers.argmax()))
    host = (2.0**powers).astype(ml_dtypes.float8_e8m0fnu)
    scales = jnp.asarray(host)
    if int(np.argmax(host)) != 1 or int(lax.top_k(scales, 1)[1][0]) != 1:
        sys.exit("changed: numpy.argmax or lax.top_k misses the greatest scale")
    got = [float(jnp.max(scales)), float(jnp.min(scales)), int(jnp.argmax(scales))]
    print(f"greatest at column 1: max {got[0]}, min {got[1]}, argmax {got[2]}")
    if not (np.isnan(got[0]) and np.isnan(got[1]) and got[2] == 0):
        sys.exit("changed: max, min and argmax were NaN, NaN and 0")
    if not np.isnan(np.asarray(lax.cummax(scales)).astype(np.float32)).all():
        sys.exit("changed: cummax was all NaN")
PY
