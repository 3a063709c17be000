// What the source of a program gave, told to the interpreter.
#pragma once
#include "language.h"

namespace topkit {

TOPKIT_HOOK inline void source_gave_score(unsigned column, Word element, Word score) {
    topkit_call(SOURCE_GAVE, TOPKIT_LINE, column, 1, element, score, 0);
}
TOPKIT_HOOK inline void source_keeps(unsigned column, bool kept) {
    topkit_call(SOURCE_GAVE, TOPKIT_LINE, column, 0, 0, kept, 0);
}

}  // namespace topkit
