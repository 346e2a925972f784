/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/headkey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *
create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (!f && fd >= 0)
        close(fd);
    return f;
}

/* On disk for good. */
static bool
finish(FILE *f)
{
    bool good = fflush(f) == 0 && fsync(fileno(f)) == 0;

    return fclose(f) == 0 && good;
}

/* A file appears whole or not at all: what a start that was cut off left must not stop the next. */
static bool
put(const char *path, mode_t mode, EVP_PKEY *key, bool secret)
{
    char fresh[PATH_MAX];
    bool good;
    FILE *f;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    unlink(fresh);
    f = create(fresh, mode);
    good = f && (secret ? PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL)
                        : PEM_write_PUBKEY(f, key)) == 1;
    if (f)
        good = finish(f) && good;
    good = good && rename(fresh, path) == 0;
    if (!good)
        unlink(fresh);
    return good;
}

/* For auditors; of a key that is no more it would be wrong. */
static enum status
publish(const char *store, EVP_PKEY *key, bool anew, struct diag *d)
{
    char pub[PATH_MAX];
    struct stat st;

    snprintf(pub, sizeof(pub), "%s.pub", store);
    if ((!anew && stat(pub, &st) == 0) || put(pub, 0644, key, false))
        return ST_OK;
    return diag_set(d, ST_IO, pub, 0, "cannot be written: %s", strerror(errno));
}

static enum status
make(const char *path, EVP_PKEY **out, struct diag *d)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (!key || !put(path, 0600, key, true)) {
        EVP_PKEY_free(key);
        return diag_set(d, ST_IO, path, 0, "the key of the journal cannot be made: %s",
                        strerror(errno));
    }
    *out = key;
    return ST_OK;
}

static enum status
use(EVP_PKEY **key, const char *store, bool anew, struct diag *d)
{
    enum status st = publish(store, *key, anew, d);

    if (st != ST_OK) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return st;
}

enum status
headkey_load(const char *store, bool may_make, EVP_PKEY **out, struct diag *d)
{
    char path[PATH_MAX];
    struct stat st;
    FILE *f;

    *out = NULL;
    snprintf(path, sizeof(path), "%s.key", store);
    f = fopen(path, "re");
    if (!f && errno == ENOENT && !may_make)
        return ST_OK;
    if (!f && errno == ENOENT)
        return make(path, out, d) == ST_OK ? use(out, store, true, d) : ST_IO;
    if (!f)
        return diag_set(d, ST_IO, path, 0, "%s", strerror(errno));
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_mode & (S_IRWXG | S_IRWXO)) {
        fclose(f);
        return diag_set(d, ST_DENIED, path, 0,
                        "others than its owner may use it; chmod 600 would be right");
    }
    *out = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    ERR_clear_error();
    if (!*out || EVP_PKEY_get_id(*out) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(*out);
        *out = NULL;
        return diag_set(d, ST_MALFORMED, path, 0, "holds no Ed25519 key");
    }
    return use(out, store, false, d);
}

void
headkey_free(EVP_PKEY *key)
{
    EVP_PKEY_free(key);
}
