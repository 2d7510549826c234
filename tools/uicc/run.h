/* run.h - `uicc run`: cards in a reader. */
#ifndef RESEAT_TOOLS_UICC_RUN_H
#define RESEAT_TOOLS_UICC_RUN_H

int uicc_run_main(int argc, char **argv);

#endif
