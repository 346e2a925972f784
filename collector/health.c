/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/health.h"

#include <unistd.h>

#include "lib/local_ask.h"

#define MAX_SUMMARY 65536

enum status
health_ask(const char *socket_path, int timeout_ms, struct diag *d)
{
    json_t *request = json_pack("{s:s}", "op", "summary"), *answer = NULL;
    const json_t *ok;
    struct diag why;
    int fd;
    enum status st = local_open(socket_path, timeout_ms, &fd, &why);

    if (st == ST_LIMIT)
        st = diag_set(d, ST_NOTFOUND, socket_path, 0, "%s", why.text);
    else if (st != ST_OK)
        st = diag_set(d, ST_NOTFOUND, socket_path, 0, "no collector listens: %s", why.text);
    else if ((st = local_ask(fd, request, timeout_ms, MAX_SUMMARY, &answer)) == ST_MALFORMED)
        st = diag_set(d, st, socket_path, 0, "no collector answers here");
    else if (st != ST_OK)
        st = diag_set(d, ST_IO, socket_path, 0, "the collector gives no answer");
    if (fd >= 0)
        close(fd);
    json_decref(request);
    ok = json_object_get(answer, "ok");
    if (st == ST_OK && !json_is_boolean(ok))
        st = diag_set(d, ST_MALFORMED, socket_path, 0, "no collector answers here");
    else if (st == ST_OK && !json_is_true(ok))
        st = diag_set(d, ST_DENIED, socket_path, 0, "the collector refuses to tell its summary");
    json_decref(answer);
    return st;
}
