/* send.h - `apdu send`: command APDUs to a card, answers to standard output. */
#ifndef RESEAT_TOOLS_APDU_SEND_H
#define RESEAT_TOOLS_APDU_SEND_H

int apdu_send_main(int argc, char **argv);

#endif
