#!/usr/bin/env bash
# Packages: jax 0.10.2 (CPU), numpy 2.4.6.
# Expected: NaN has one place: `lax.top_k(x, 1)`, `argmax(x)` and `argsort(x, descending=True)[0]` name
#   the same column, and it does not depend on where the NaN came from.
# Seen: `top_k` goes by the bits, sign included. A NaN that was written down (jnp.nan) ranks first; a
#   NaN that was computed (0/0, inf - inf, log(-1)) has its sign bit set on x86 and ranks last. `argmax`
#   and `argsort` give the NaN's column in both cases.
# Why our users care: a test with jnp.nan says "NaN wins", and in production the NaN of a broken layer is
#   left out of the winners in silence. Code that replaces `top_k(x, 1)` by `argmax` changes its answer;
#   so does code that moves to a library with one rule for every NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" jax==0.10.2 jaxlib==0.10.2 ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
JAX_PLATFORMS=cpu PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import jax.numpy as jnp
from jax import lax

scores = jnp.array([0.0, 1.0, 5.0, 3.0])
rows = {
    "written": (scores.at[0].set(jnp.nan), 0),
    "0/0": (scores / jnp.array([0.0, 1.0, 1.0, 1.0]), 2),
    "inf - inf": (scores.at[0].set(jnp.inf) - jnp.array([jnp.inf, 0.0, 0.0, 0.0]), 2),
    "log(-1)": (jnp.log(scores.at[0].set(-1.0)), 2),
}
for name, (row, expected) in rows.items():
    first = int(lax.top_k(row, 1)[1][0])
    others = int(jnp.argmax(row)), int(jnp.argsort(row, descending=True)[0])
    print(f"{name}: {row.tolist()}: top_k {first}, argmax {others[0]}, argsort {others[1]}")
    if first != expected:
        sys.exit(f"changed: top_k of a NaN that is {name} gives column {first}; it gave {expected}")
    if others != (0, 0):
        sys.exit(f"changed: argmax and argsort of a NaN that is {name} give {others}; they gave (0, 0)")
PY
