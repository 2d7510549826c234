/* replay.h - `apdu replay`: a recorded session with another card, compared by rules. */
#ifndef RESEAT_TOOLS_APDU_REPLAY_H
#define RESEAT_TOOLS_APDU_REPLAY_H

int apdu_replay_main(int argc, char **argv);

#endif
