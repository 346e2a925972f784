/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the journal: made once, kept, and never read by others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "collector/headkey.h"

static char dir[] = "/tmp/vigil-headkey-XXXXXX";
static char store[64], key_file[80], pub_file[80], new_file[96];

static int
set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(store, sizeof(store), "%s/store.db", dir);
    snprintf(key_file, sizeof(key_file), "%s.key", store);
    snprintf(pub_file, sizeof(pub_file), "%s.pub", store);
    snprintf(new_file, sizeof(new_file), "%s.new", key_file);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(key_file);
    unlink(pub_file);
    return rmdir(dir);
}

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static mode_t
mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void
test_made_once(void **state)
{
    EVP_PKEY *first, *again;
    struct diag d;

    (void)state;
    assert_int_equal(headkey_load(store, false, &first, &d), ST_OK);
    assert_null(first); /* whoever only reads makes nothing */
    assert_int_equal(access(key_file, F_OK), -1);
    write_file(new_file, "half"); /* of a start that was cut off */
    assert_int_equal(headkey_load(store, true, &first, &d), ST_OK);
    assert_int_equal(mode_of(key_file), 0600);
    assert_int_equal(mode_of(pub_file) & 0444, 0444);
    assert_int_equal(access(new_file, F_OK), -1);
    unlink(pub_file);
    assert_int_equal(headkey_load(store, true, &again, &d), ST_OK);
    assert_int_equal(EVP_PKEY_eq(first, again), 1);
    assert_int_equal(access(pub_file, F_OK), 0); /* it is there again */
    headkey_free(first);
    headkey_free(again);
}

static void
test_refused(void **state)
{
    EVP_PKEY *key = (EVP_PKEY *)1;
    struct diag d;

    (void)state;
    assert_int_equal(chmod(key_file, 0640), 0);
    assert_int_equal(headkey_load(store, true, &key, &d), ST_DENIED);
    assert_null(key);
    assert_string_equal(d.file, key_file);
    assert_int_equal(chmod(key_file, 0600), 0);
    write_file(key_file, "no key");
    assert_int_equal(headkey_load(store, true, &key, &d), ST_MALFORMED);
    assert_null(key);
    assert_int_equal(headkey_load("/no/such/store", true, &key, &d), ST_IO);
    assert_null(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_once),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
