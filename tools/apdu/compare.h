/* compare.h - `apdu compare`: two cards side by side, or a profile out of one. */
#ifndef RESEAT_TOOLS_APDU_COMPARE_H
#define RESEAT_TOOLS_APDU_COMPARE_H

int apdu_compare_main(int argc, char **argv);

#endif
