/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of PFCP messages by type against an independent decoder, where captures with such counts
 * are present. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/capture/capture.h"
#include "agents/dissect/pfcp.h"

#define SUFFIX ".expected.json"
#define MAX_JSON 262144

static const struct {
    const char *name;
    uint8_t type;
} names[] = {
    {"HeartbeatRequest", 1},
    {"HeartbeatResponse", 2},
    {"AssociationSetupRequest", 5},
    {"AssociationSetupResponse", 6},
    {"SessionEstablishmentRequest", 50},
    {"SessionEstablishmentResponse", 51},
    {"SessionModificationRequest", 52},
    {"SessionModificationResponse", 53},
    {"SessionDeletionRequest", 54},
    {"SessionDeletionResponse", 55},
    {"SessionReportRequest", 56},
    {"SessionReportResponse", 57},
};

static void
hear(void *ctx, const struct msg *m)
{
    uint64_t *count = ctx;

    if (m->kind == MSG_PFCP)
        count[m->u.pfcp->type]++;
}

static void
ignore(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

/* The object "pfcp" of the expectation; counts of types that it does not name stay 0. */
static bool
read_wanted(const char *path, uint64_t want[256])
{
    static char text[MAX_JSON];
    FILE *f = fopen(path, "r");
    char *at, *end;
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    at = strstr(text, "\"pfcp\": {");
    /* The first one may count frames under "protocols", which is a number, not an object. */
    end = at ? strchr(at, '}') : NULL;
    if (!end)
        return false;
    *end = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char key[64];
        const char *hit;

        snprintf(key, sizeof(key), "\"%s\":", names[i].name);
        hit = strstr(at, key);
        want[names[i].type] = hit ? strtoull(hit + strlen(key), NULL, 10) : 0;
    }
    return true;
}

static void
compare(const char *dir, const char *name)
{
    uint64_t want[256] = {0}, got[256] = {0};
    struct dissect_out out = {.ctx = got, .message = hear, .anomaly = ignore};
    struct capture_stats stats;
    struct diag d = {0};
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (!read_wanted(path, want))
        return;
    path[strlen(path) - strlen(SUFFIX)] = '\0';
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(capture_read(fd, "capture", &out, &stats, NULL, NULL, &d), ST_OK);
    close(fd);
    for (unsigned type = 0; type < 256; type++) {
        if (got[type] != want[type])
            print_error("%s: message type %u\n", name, type);
        assert_int_equal(got[type], want[type]);
    }
}

static void
counts(void **state)
{
    const char *root = getenv("VIGIL_TESTDATA");
    struct dirent *entry;
    char dir[2048];
    DIR *handle;

    (void)state;
    if (!root)
        skip();
    snprintf(dir, sizeof(dir), "%s/pcaps", root);
    handle = opendir(dir);
    if (!handle)
        skip();
    while ((entry = readdir(handle)) != NULL) {
        size_t n = strlen(entry->d_name);

        if (n > strlen(SUFFIX) && strcmp(entry->d_name + n - strlen(SUFFIX), SUFFIX) == 0)
            compare(dir, entry->d_name);
    }
    closedir(handle);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
