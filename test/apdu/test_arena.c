/* Tests of apdu/arena.h. Goal: pieces do not overlap, freed ones come back zeroed, and a
 * full arena says NULL. */
#include "apdu/arena.h"
#include "test/support/runner.h"

#include <string.h>

static uint8_t block[4096] __attribute__((aligned(16)));

START_TEST(arena_alloc_keeps_pieces_apart)
{
    struct arena a;
    uint8_t *pieces[64] = {0};
    size_t count = 0;

    arena_init(&a, block, sizeof block);
    for (size_t n = 1; n < 64; n++) {
        uint8_t *p = arena_alloc(&a, n);

        if (p == NULL)
            break;
        ck_assert_uint_eq((uintptr_t)p % 16, 0);
        memset(p, (int)n, n);
        pieces[n] = p;
        count = n;
    }
    for (size_t n = 1; n <= count; n++) {
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(pieces[n][i], n);
    }
    ck_assert_uint_gt(count, 32);
}
END_TEST

START_TEST(arena_free_gives_back_a_zeroed_piece)
{
    struct arena a;
    uint8_t *p, *q;

    arena_init(&a, block, sizeof block);
    p = arena_alloc(&a, 100);
    memset(p, 0x5A, 100);
    arena_free(&a, p, 100);
    q = arena_alloc(&a, 97);
    ck_assert_ptr_eq(p, q);
    for (size_t i = 0; i < 97; i++)
        ck_assert_uint_eq(q[i], 0);
}
END_TEST

/* No piece is shorter than asked for, and none wastes more than a fifth of itself. */
START_TEST(arena_alloc_loses_little)
{
    struct arena a;

    for (size_t n = 1; n <= sizeof block; n++) {
        arena_init(&a, block, sizeof block);
        ck_assert_ptr_nonnull(arena_alloc(&a, n));
        ck_assert_msg(a.used >= n && a.used % 16 == 0, "%zu bytes for %zu", a.used, n);
        ck_assert_msg(n < 64 || (a.used - n) * 5 < a.used, "%zu bytes for %zu", a.used, n);
    }
}
END_TEST

START_TEST(arena_alloc_says_null_when_full)
{
    struct arena a;

    arena_init(&a, block, sizeof block);
    ck_assert_ptr_null(arena_alloc(&a, sizeof block + 1));
    ck_assert_ptr_null(arena_alloc(&a, 0));
    ck_assert_ptr_nonnull(arena_alloc(&a, sizeof block));
    ck_assert_ptr_null(arena_alloc(&a, 1));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/arena");
    TCase *t = tcase_create("arena");

    tcase_add_test(t, arena_alloc_keeps_pieces_apart);
    tcase_add_test(t, arena_free_gives_back_a_zeroed_piece);
    tcase_add_test(t, arena_alloc_loses_little);
    tcase_add_test(t, arena_alloc_says_null_when_full);
    suite_add_tcase(s, t);
    return s;
}
