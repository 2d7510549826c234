/* show.h - `uicc show`: what may be known of a card without its keys. */
#ifndef RESEAT_TOOLS_UICC_SHOW_H
#define RESEAT_TOOLS_UICC_SHOW_H

int uicc_show_main(int argc, char **argv);

#endif
