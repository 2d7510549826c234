/*
 * replay.c - main() that gives a fuzz target every file of its corpus, so that what
 * searching once found stays found. The folder follows from the program's name:
 * replay_tlv reads test/fuzz/corpus/tlv.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
    char path[512];
    uint8_t *data;
    size_t size;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    data = malloc(1 << 20);
    if (f == NULL || data == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    size = fread(data, 1, 1 << 20, f);
    fclose(f);
    /* A copy of just that size, so that a sanitizer sees each byte too many. */
    data = realloc(data, size > 0 ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    const char *target = strstr(argc > 0 ? argv[0] : "", "replay_");
    char folder[256];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    if (target == NULL)
        return EXIT_FAILURE;
    snprintf(folder, sizeof folder, "test/fuzz/corpus/%s", target + strlen("replay_"));
    dir = opendir(folder);
    if (dir == NULL) {
        fprintf(stderr, "no corpus %s\n", folder);
        return EXIT_FAILURE;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            count += replay(folder, entry->d_name);
    }
    closedir(dir);
    printf("%d passed, 0 failed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
