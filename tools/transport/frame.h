/*
 * frame.h - messages of the virtual reader (vpcd) protocol: a two-byte big-endian
 * length and that many bytes, both ways. The card side of `uicc run` and the
 * clients of its socket speak it.
 *
 * A one-byte message from the terminal is a control: 00 power off, 01 power on,
 * 02 reset, 04 send the ATR. Longer ones are command APDUs. Messages may come in
 * any pieces, and several in one.
 */
#ifndef RESEAT_TOOLS_TRANSPORT_FRAME_H
#define RESEAT_TOOLS_TRANSPORT_FRAME_H

#include "apdu/apdu.h"

#define FRAME_POWER_OFF 0x00
#define FRAME_POWER_ON  0x01
#define FRAME_RESET     0x02
#define FRAME_ATR       0x04

#define FRAME_BODY_MAX 65535

/* What came in so far. */
struct frame_reader {
    uint8_t bytes[2 + FRAME_BODY_MAX];
    size_t len;  /* bytes held */
    size_t used; /* bytes of messages handed out already */
};

/*
 * Read what the socket has, without waiting longer than it makes us. TCP_QUICKACK is set before
 * each read: vpcd sends length and body apart, and waits for our acknowledgement in between.
 *
 * errors: ERR_CLOSED, ERR_IO; ERR_OK also when nothing was there (EAGAIN, EINTR)
 */
NODISCARD enum err frame_receive(struct frame_reader *f, int fd);

/* The next whole message, borrowed until frame_receive(); ERR_NOT_FOUND when it is not there yet.
 */
NODISCARD enum err frame_next(struct frame_reader *f, struct rd *body);

/* Send one message in one segment; waits until the socket takes it. ERR_CLOSED, ERR_IO, ERR_RANGE.
 */
NODISCARD enum err frame_send(int fd, struct rd body);

#endif
