/*
 * runner.h - main() of every test program.
 *
 * A test file defines suite_under_test() and is linked with runner.c and the
 * libraries of its floor. The program fails if no check ran.
 */
#ifndef RESEAT_TEST_RUNNER_H
#define RESEAT_TEST_RUNNER_H

#include <check.h>

Suite *suite_under_test(void);

#endif
