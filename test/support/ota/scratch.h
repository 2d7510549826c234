/*
 * scratch.h - a directory for one test, removed when the test's process ends.
 */
#ifndef RESEAT_TEST_SCRATCH_H
#define RESEAT_TEST_SCRATCH_H

/* Make a new directory, in memory where the system has such a place (a test syncs often), and
 * change to it. Aborts the test if that fails. */
void scratch_enter(void);

/* Exit status of a shell command; -1 when it ended otherwise. */
int scratch_run(const char *command);

#endif
