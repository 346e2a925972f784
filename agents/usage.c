/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first line of a file of /proc that begins with this, behind it; "": there is none. */
static void
proc_line(pid_t pid, const char *file, const char *begins, char *out, size_t size)
{
    char path[64];
    size_t len = strlen(begins);
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    out[0] = '\0';
    f = fopen(path, "re");
    while (f && fgets(out, (int)size, f)) {
        if (strncmp(out, begins, len) == 0) {
            memmove(out, out + len, strlen(out + len) + 1);
            break;
        }
        out[0] = '\0';
    }
    if (f)
        fclose(f);
}

static uint64_t
cpu_ms(pid_t pid)
{
    char line[1024];
    uint64_t user, system;
    const char *p;
    long hz = sysconf(_SC_CLK_TCK);

    proc_line(pid, "stat", "", line, sizeof(line));
    /* A name may hold anything but is the last in parentheses; utime and stime are 14 and 15. */
    p = strrchr(line, ')');
    if (!p || hz <= 0 ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &user,
               &system) != 2)
        return 0;
    return (user + system) * 1000 / (uint64_t)hz;
}

static uint64_t
memory(pid_t pid)
{
    char line[256];
    uint64_t kib;

    proc_line(pid, "smaps_rollup", "Pss:", line, sizeof(line));
    if (sscanf(line, "%" SCNu64, &kib) == 1)
        return kib * 1024;
    proc_line(pid, "status", "VmRSS:", line, sizeof(line));
    return sscanf(line, "%" SCNu64, &kib) == 1 ? kib * 1024 : 0;
}

void
usage_add(pid_t pid, struct usage *to)
{
    to->cpu_ms += cpu_ms(pid);
    to->memory += memory(pid);
}
