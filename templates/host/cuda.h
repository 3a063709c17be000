// The host shim: what the text of a kernel finds when an ordinary C++ compiler reads it.
//
// Every file here is written under the interpreter's folder and named on the command line; no
// kernel includes it.
#pragma once
#include "language.h"
#include "arithmetic.h"
#include "atomic.h"
#include "async_copy.h"
#include "barrier.h"
#include "checked.h"
#include "mbarrier.h"
#include "purity.h"
#include "warp.h"
