/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once for each file below the directories named, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned runs;

/* An allocation of the exact size, so that a sanitiser sees the first byte behind it. */
static void
run_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);

    if (f && data && fread(data, 1, size, f) == size) {
        uint8_t *exact = malloc(size ? size : 1);
        if (exact) {
            memcpy(exact, data, size);
            (void)LLVMFuzzerTestOneInput(exact, size);
            runs++;
        }
        free(exact);
    }
    free(data);
    if (f)
        fclose(f);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *e;

        while (dir && (e = readdir(dir))) {
            char path[1024];
            struct stat st;

            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
                run_file(path, (size_t)st.st_size);
        }
        if (dir)
            closedir(dir);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("%u corpus files\n", runs);
    return EXIT_SUCCESS;
}
