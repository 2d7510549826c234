/*
 * fuzz_perso.c - any text as a profile. It becomes an image that loads, or a message that says
 * what is wrong.
 */
#include "test/fuzz/require.h"
#include "uicc/perso.h"
#include "uicc/profile/profile.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1U << 20] __attribute__((aligned(16)));
    static uint8_t image[PERSO_IMAGE_MAX];
    static char text[TEXT_MAX + 1];
    static const uint8_t hash[32];
    char message[PERSO_MESSAGE_MAX] = "";
    struct wr w = WR_ARRAY(image);
    const struct profile *p;
    struct arena arena;

    if (size > TEXT_MAX)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (perso_compile(text, &w, message) != ERR_OK) {
        require(*message != '\0' && memchr(message, '\0', sizeof message) != NULL);
        return 0;
    }
    arena_init(&arena, memory, sizeof memory);
    require(profile_load(RD_WR(&w), hash, &arena, &p) == ERR_OK);
    return 0;
}
