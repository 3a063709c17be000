#!/usr/bin/env bash
# Packages: nvidia-cuda-nvrtc 13.2.86 (x86-64 Linux).
# Expected: a kernel that no GPU can launch is an error when it is compiled for one GPU, or a warning.
# Seen: for sm_90a, `__cluster_dims__(17, 1, 1)` and (100000, 1, 1) compile with an empty log, though an
#   H100 launches at most 16 blocks a cluster; so does `__launch_bounds__(2048)`, though a block has at
#   most 1024 threads. The numbers stand in the PTX as they were written. Other impossible numbers
#   of the same attribute are noticed: `__launch_bounds__(1024, 8)` gets a warning of ptxas.
# Why our users care: a generator or tuner of kernels that takes "it compiles" for "it can run" puts such
#   variants into caches and packs, and they fail at their first launch, on the customer's GPU. Check
#   the sizes before the source is made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" nvidia-cuda-nvrtc==13.2.86 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
python3 -s - "$folder/lib" <<'PY'
import ctypes
import glob
import sys


def library(name):
    return glob.glob(f"{sys.argv[1]}/nvidia/**/lib/{name}", recursive=True)[0]


ctypes.CDLL(library("libnvrtc-builtins.so*"), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(library("libnvrtc.so.*"))


def output(program, kind):
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, text)
    return text.value.decode()


def compile(attribute):
    source = f'extern "C" __global__ void {attribute} first(int *out) {{ *out = 1; }}'
    program, options = ctypes.c_void_p(), (ctypes.c_char_p * 1)(b"-arch=sm_90a")
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), None, 0, None, None)
    status = nvrtc.nvrtcCompileProgram(program, 1, options)
    log, ptx = output(program, "ProgramLog"), output(program, "PTX")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return status, log.strip(), ptx


for attribute, directive, silent in [
    ("__cluster_dims__(17, 1, 1)", ".reqnctapercluster 17", True),
    ("__cluster_dims__(100000, 1, 1)", ".reqnctapercluster 100000", True),
    ("__launch_bounds__(2048)", ".maxntid 2048", True),
    ("__launch_bounds__(1024, 8)", ".maxntid 1024", False),
]:
    status, log, ptx = compile(attribute)
    print(f"{attribute}: status {status}, log {log!r}")
    if status or (log == "") != silent:
        sys.exit(f"changed: it compiled {'without' if silent else 'with'} a message")
    if directive not in ptx:
        sys.exit(f"changed: the PTX had {directive}")
PY
