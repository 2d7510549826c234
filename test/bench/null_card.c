/*
 * null_card.c PORT - a card in vpcd that answers 9000 to everything: how fast the way
 * through pcscd can be at all.
 */
#include "tools/transport/address.h"
#include "tools/transport/frame.h"

#include <stdlib.h>

static enum err answer(int fd, struct rd message)
{
    static const uint8_t atr[] = {0x3B, 0x00}, ok[] = {0x90, 0x00};

    if (message.left > 1)
        return frame_send(fd, RD_ARRAY(ok));
    return message.left == 1 && message.at[0] == FRAME_ATR ? frame_send(fd, RD_ARRAY(atr)) : ERR_OK;
}

int main(int argc, char **argv)
{
    static struct frame_reader in;
    struct address vpcd;
    struct rd message;
    enum err e = argc == 2 ? address_parse(argv[1], &vpcd) : ERR_FORMAT;
    int fd = -1;

    if (e == ERR_OK)
        e = address_connect(&vpcd, &fd);
    while (e == ERR_OK) {
        e = frame_receive(&in, fd);
        while (e == ERR_OK && frame_next(&in, &message) == ERR_OK)
            e = answer(fd, message);
    }
    return e == ERR_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
