/*
 * fuzz_frame.c - the stream of a hostile reader: the input is a list of pieces, length(1) and that
 * many bytes, as the socket would give them.
 *
 * Claims: however the stream is cut, the messages are those that it holds, in their order, each
 * whole; nothing is handed out twice; what is left is less than a message.
 */
#include "test/fuzz/require.h"
#include "tools/transport/frame.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_MAX 65536

static uint8_t stream[STREAM_MAX];

/* The messages of a reader against those of the stream. */
static void take_messages(struct frame_reader *f, struct rd *expected)
{
    struct rd message, want;
    uint16_t len;

    while (frame_next(f, &message) == ERR_OK) {
        require_within(message, RD(f->bytes, f->len));
        require(rd_u16(expected, &len) == ERR_OK && rd_take(expected, len, &want) == ERR_OK);
        require(rd_equal(message, want));
    }
    require(f->used <= f->len && f->len <= sizeof f->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct frame_reader f;
    struct rd input = RD(data, size), piece, expected;
    struct wr w = WR_ARRAY(stream);
    uint8_t len;
    int fds[2];

    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    memset(&f, 0, sizeof f);
    expected = RD(stream, 0);
    while (rd_u8(&input, &len) == ERR_OK &&
           rd_take(&input, len < input.left ? len : input.left, &piece) == ERR_OK &&
           w.len + piece.left <= STREAM_MAX) {
        wr_rd(&w, piece);
        expected.left += piece.left;
        require(write(fds[1], piece.at, piece.left) == (ssize_t)piece.left);
        require(frame_receive(&f, fds[0]) == ERR_OK);
        take_messages(&f, &expected);
        require(expected.left == f.len - f.used);
    }
    close(fds[1]);
    require(frame_receive(&f, fds[0]) == ERR_CLOSED);
    close(fds[0]);
    return 0;
}
