/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <stdlib.h>
#include <string.h>

#include "lib/local_ask.h"
#include "lib/utf8.h"

#define ANSWER_S 30 /* the longest that an answer takes */

int
live_open(const char *path)
{
    struct diag why;
    int fd;
    enum status st = local_open(path, ANSWER_S * 1000, &fd, &why);

    if (st == ST_LIMIT)
        fprintf(stderr, "vigil: %s\n", why.text);
    else if (st != ST_OK)
        fprintf(stderr, "vigil: no collector at %s: %s\n", path, why.text);
    return fd;
}

json_t *
live_ask(int fd, json_t *request)
{
    json_t *answer;

    if (local_ask(fd, request, ANSWER_S * 1000, MAX_LIVE_ANSWER, &answer) != ST_OK)
        fprintf(stderr, "vigil: the collector gave no answer\n");
    json_decref(request);
    return answer;
}

static void
plain_text(json_t *text)
{
    char *copy = strdup(json_string_value(text));

    if (copy) {
        utf8_clean(copy);
        (void)json_string_set(text, copy);
    }
    free(copy);
}

/* The parser of JSON has bounded the depth. */
void
live_plain(json_t *answer)
{
    const char *key;
    json_t *v;
    size_t i;

    if (json_is_string(answer))
        plain_text(answer);
    if (json_is_object(answer))
        json_object_foreach(answer, key, v)
        {
            live_plain(v);
        }
    if (json_is_array(answer))
        json_array_foreach(answer, i, v)
        {
            live_plain(v);
        }
}
