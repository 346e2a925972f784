/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of NFs by their names, and their command lines without what may be secret. */
#include <stdio.h>
#include <string.h>

#include "agents/runtime/process.h"
#include "lib/utf8.h"

#define MAX_ARGUMENTS 256

static const char *const open5gs_types[] = {"nrf",  "scp", "sepp", "amf",  "smf",  "upf",
                                            "ausf", "udm", "udr",  "pcf",  "nssf", "bsf",
                                            "mme",  "hss", "sgwc", "sgwu", "pcrf"};
static const char *const free5gc_types[] = {"nrf", "amf",  "smf", "upf",   "ausf", "udm",  "udr",
                                            "pcf", "nssf", "chf", "n3iwf", "nef",  "tngf", "bsf"};

bool
process_program(const char *name, bool has_config, struct runtime_nf *out)
{
    size_t len = strlen(name);

    if (len > 9 && strncmp(name, "open5gs-", 8) == 0 && name[len - 1] == 'd')
        for (size_t i = 0; i < sizeof(open5gs_types) / sizeof(open5gs_types[0]); i++) {
            const char *type = open5gs_types[i];

            if (strlen(type) == len - 9 && strncmp(name + 8, type, len - 9) == 0) {
                *out = (struct runtime_nf){"open5gs", type};
                return true;
            }
        }
    for (size_t i = 0; has_config && i < sizeof(free5gc_types) / sizeof(free5gc_types[0]); i++)
        if (strcmp(name, free5gc_types[i]) == 0) {
            *out = (struct runtime_nf){"free5gc", free5gc_types[i]};
            return true;
        }
    return false;
}

/* What may follow an option and be shown. */
enum show { SHOW_NOTHING, SHOW_PATH, SHOW_WORD };

static const struct option {
    const char *name, *also; /* open5GS and free5GC */
    bool value;
    enum show show;
    const char *level; /* log level that it sets */
} options[] = {
    {"-c", "--config", true, SHOW_PATH, NULL},      {"-k", NULL, true, SHOW_WORD, NULL},
    {"-e", NULL, true, SHOW_WORD, "other"},         {"-l", "--log", true, SHOW_NOTHING, NULL},
    {"-m", NULL, true, SHOW_NOTHING, NULL},         {"-d", NULL, false, SHOW_NOTHING, "debug"},
    {"-t", NULL, false, SHOW_NOTHING, "trace"},     {"-D", NULL, false, SHOW_NOTHING, NULL},
    {"-v", "--version", false, SHOW_NOTHING, NULL},
};

static const char *const levels[] = {"none", "fatal", "error", "warn", "info", "debug", "trace"};

/* A short word of letters, digits and dots. */
static bool
is_word(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return len > 0 && len < 33 && !text[len];
}

static bool
is_path(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len >= MAX_PROCESS_PATH)
        return false;
    for (size_t n; *text; text += n)
        if ((n = utf8_len(text)) == 0)
            return false;
    return true;
}

static void
say(struct runtime_process *p, const char *text)
{
    size_t len = strlen(p->command_line);

    snprintf(p->command_line + len, sizeof(p->command_line) - len, "%s%s", len ? " " : "", text);
}

static void
take_value(const struct option *o, const char *value, struct runtime_process *p)
{
    bool show =
        (o->show == SHOW_PATH && is_path(value)) || (o->show == SHOW_WORD && is_word(value));

    say(p, show ? value : "?");
    if (o->show == SHOW_PATH && show)
        snprintf(p->config, sizeof(p->config), "%s", value);
    if (o->name[1] == 'k' && show)
        snprintf(p->section, sizeof(p->section), "%s", value);
    if (o->name[1] == 'e') {
        p->log_level = o->level;
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
            if (strcmp(levels[i], value) == 0)
                p->log_level = levels[i];
    }
}

/* The option that an argument is, and in *value what is attached to it ("-cFILE",
 * "--config=FILE"). */
static const struct option *
option_of(const char *arg, const char **value)
{
    *value = NULL;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const struct option *o = &options[i];
        size_t len = o->also ? strlen(o->also) : 0;

        if (strcmp(arg, o->name) == 0 || (o->also && strcmp(arg, o->also) == 0))
            return o;
        if (o->also && o->value && strncmp(arg, o->also, len) == 0 && arg[len] == '=') {
            *value = arg + len + 1;
            return o;
        }
        if (o->value && strncmp(arg, o->name, 2) == 0 && arg[1] != '-') {
            *value = arg + 2;
            return o;
        }
    }
    return NULL;
}

void
process_arguments(const char *text, size_t len, struct runtime_process *p)
{
    const struct option *open = NULL; /* waits for its value */
    const char *end = text + len, *value;
    size_t n = 0;

    for (const char *arg = text; arg < end && n < MAX_ARGUMENTS; n++, arg += strlen(arg) + 1) {
        const struct option *o;

        if (n == 0)
            continue; /* what it calls itself */
        if (open) {
            take_value(open, arg, p);
            open = NULL;
            continue;
        }
        o = option_of(arg, &value);
        say(p, o ? o->name : "?");
        if (o && value)
            take_value(o, value, p);
        else if (o && o->value)
            open = o;
        else if (o && o->level)
            p->log_level = o->level;
    }
}

const char *
process_capability(unsigned bit)
{
    static const char *const names[] = {"chown",
                                        "dac_override",
                                        "dac_read_search",
                                        "fowner",
                                        "fsetid",
                                        "kill",
                                        "setgid",
                                        "setuid",
                                        "setpcap",
                                        "linux_immutable",
                                        "net_bind_service",
                                        "net_broadcast",
                                        "net_admin",
                                        "net_raw",
                                        "ipc_lock",
                                        "ipc_owner",
                                        "sys_module",
                                        "sys_rawio",
                                        "sys_chroot",
                                        "sys_ptrace",
                                        "sys_pacct",
                                        "sys_admin",
                                        "sys_boot",
                                        "sys_nice",
                                        "sys_resource",
                                        "sys_time",
                                        "sys_tty_config",
                                        "mknod",
                                        "lease",
                                        "audit_write",
                                        "audit_control",
                                        "setfcap",
                                        "mac_override",
                                        "mac_admin",
                                        "syslog",
                                        "wake_alarm",
                                        "block_suspend",
                                        "audit_read",
                                        "perfmon",
                                        "bpf",
                                        "checkpoint_restore"};

    return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}
