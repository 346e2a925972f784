/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/backup.h"

#include "collector/store/store.h"

enum status
backup_write(const char *path, const char *file, int64_t now, struct diag *d)
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
backup_restore(const char *path, const char *file, struct diag *d)
{
    return store_restore(file, path, d);
}
