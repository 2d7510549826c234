/*
 * fuzz_image.c - any bytes as a profile image. What is accepted is written back, read again and
 * written to the same bytes, and every file, parent and mirror it names is there.
 */
#include "test/fuzz/require.h"
#include "uicc/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1U << 20] __attribute__((aligned(16)));
    static uint8_t second_memory[1U << 20] __attribute__((aligned(16)));
    static uint8_t first[1U << 20], second[1U << 20];
    static const uint8_t hash[32];
    struct wr w = WR_ARRAY(first), w2 = WR_ARRAY(second);
    const struct profile *p, *q;
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    if (profile_load(RD(data, size), hash, &arena, &p) != ERR_OK)
        return 0;
    require(profile_store(p, &w) == ERR_OK);
    arena_init(&arena, second_memory, sizeof second_memory);
    require(profile_load(RD_WR(&w), hash, &arena, &q) == ERR_OK);
    require(profile_store(q, &w2) == ERR_OK);
    require(rd_equal(RD_WR(&w), RD_WR(&w2)));
    for (uint16_t i = 0; i < p->file_count; i++) {
        const struct fs_file *f = &p->files[i];

        require(f->parent <= i && f->shares < p->file_count && f->content_len <= f->size);
        require_within(RD(f->content, f->content_len), RD(memory, sizeof memory));
        require_within(RD(f->aid, f->aid_len), RD(memory, sizeof memory));
    }
    return 0;
}
