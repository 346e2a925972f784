/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a file with a secret may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/secret.h"

static void
test_modes(void **state)
{
    const gid_t ours = getegid(), other = ours + 4321;
    const struct {
        mode_t mode;
        uid_t user;
        gid_t group;
        bool kept;
    } cases[] = {
        {0600, 1000, other, true}, {0400, 0, other, true}, {0700, 1000, other, true},
        {0440, 0, ours, true},     {0640, 0, ours, true},  {0440, 0, other, false},
        {0440, 1000, ours, false}, {0460, 0, ours, false}, {0450, 0, ours, false},
        {0444, 0, ours, false},    {0604, 0, ours, false}, {0602, 1000, ours, false},
        {0601, 1000, ours, false}, {0660, 0, ours, false}, {0640, 1000, other, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stat st = {
            .st_mode = S_IFREG | cases[i].mode, .st_uid = cases[i].user, .st_gid = cases[i].group};

        if (secret_is_kept(&st) != cases[i].kept)
            fail_msg("%03o %u:%u", (unsigned)cases[i].mode, (unsigned)cases[i].user,
                     (unsigned)cases[i].group);
    }
}

/* Groups besides the first one count. */
static void
test_supplementary_group(void **state)
{
    struct stat st = {.st_mode = S_IFREG | 0440, .st_uid = 0};
    gid_t list[64];
    int n = getgroups(64, list);

    (void)state;
    for (int i = 0; i < n; i++) {
        st.st_gid = list[i];
        assert_true(secret_is_kept(&st));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_supplementary_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
