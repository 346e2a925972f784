/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/offline.h"

#include <stdio.h>

#include "collector/headkey.h"
#include "collector/store/store.h"

enum status
offline_verify(const char *path, int64_t now, struct diag *d)
{
    struct store_options options = {.path = path, .now = now};
    struct store_proof p = {.bad_table = NULL};
    struct evp_pkey_st *key = NULL;
    struct store *s = NULL;
    enum status st = headkey_load(path, false, &key, d);

    options.key = key;
    if (st == ST_OK)
        st = store_open_read(&options, &s, d);
    if (st == ST_OK) {
        st = store_verify(s, key, true, &p);
        if (st == ST_OK)
            printf("%s: good: %lld events, %lld audits, %lld heads, %lld of them signed\n", path,
                   (long long)p.events, (long long)p.audits, (long long)p.heads,
                   (long long)p.signed_heads);
        else if (p.bad_table)
            (void)diag_set(d, st, path, 0, "%s %lld: %s", p.bad_table, (long long)p.bad_seq,
                           p.text);
        else
            (void)diag_set(d, st, path, 0, "%s", status_name(st));
    }
    store_close(s);
    headkey_free(key);
    return st;
}

enum status
offline_backup(const char *path, const char *file, int64_t now, struct diag *d)
{
    const struct store_options options = {.path = path, .now = now};
    struct store *s = NULL;
    enum status st = store_open_read(&options, &s, d);

    if (st == ST_OK)
        st = store_backup(s, file, d);
    store_close(s);
    return st;
}

enum status
offline_restore(const char *path, const char *file, struct diag *d)
{
    return store_restore(file, path, d);
}
