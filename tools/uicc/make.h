/* make.h - `uicc make`: the manufacturer. */
#ifndef RESEAT_TOOLS_UICC_MAKE_H
#define RESEAT_TOOLS_UICC_MAKE_H

int uicc_make_main(int argc, char **argv);

#endif
