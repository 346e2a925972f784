/* SPDX-License-Identifier: Apache-2.0 */
/* Words of roles: apart, for programs that ask and do not answer. */
#include <string.h>

#include "collector/command/command.h"

static const char *const role_names[] = {"nobody", "noc", "operator", "approver", "administrator"};

const char *
command_role_name(enum command_role r)
{
    return role_names[r];
}

bool
command_role_parse(const char *text, enum command_role *out)
{
    for (size_t i = 1; i < sizeof(role_names) / sizeof(role_names[0]); i++)
        if (strcmp(text, role_names[i]) == 0) {
            *out = (enum command_role)i;
            return true;
        }
    return false;
}
