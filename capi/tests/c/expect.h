/* What the C programs of the tests share: a call, the status that is due and words of its text. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>
#include <string.h>
#include <topkit.h>

static int faults = 0;

static void expect_at(int line, int found, int due, const char *words) {
    const char *text = topkit_last_error();
    if (found != due || strstr(text, words) == NULL) {
        printf("line %d: status %d, not %d with \"%s\"; the text is: %s\n", line, found, due, words,
               text);
        faults++;
    }
}

static void expect_true_at(int line, int fact, const char *words) {
    if (!fact) {
        printf("line %d: not so: %s\n", line, words);
        faults++;
    }
}

#define EXPECT(call, due, words) expect_at(__LINE__, (int)(call), (int)(due), words)
#define EXPECT_TRUE(fact) expect_true_at(__LINE__, (fact), #fact)

#endif
