/* record.h - `apdu record`: stand between a card and whoever talks to it. */
#ifndef RESEAT_TOOLS_APDU_RECORD_H
#define RESEAT_TOOLS_APDU_RECORD_H

int apdu_record_main(int argc, char **argv);

#endif
