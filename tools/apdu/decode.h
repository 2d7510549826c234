/* decode.h - `apdu decode`: traces in words. */
#ifndef RESEAT_TOOLS_APDU_DECODE_H
#define RESEAT_TOOLS_APDU_DECODE_H

int apdu_decode_main(int argc, char **argv);

#endif
