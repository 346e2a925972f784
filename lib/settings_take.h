/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings into a structure of the program: copies that outlive the settings, checks that a
 * YANG module cannot make, each error with its line. All errors of a file are told, not the first.
 */
#ifndef LIB_SETTINGS_TAKE_H
#define LIB_SETTINGS_TAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/settings.h"

struct settings_take {
    const struct settings *s;
    const char *file;
    struct diag_list *errors;
    bool memory; /* false: a copy could not be made */
    size_t bad;  /* errors that were added */
};

struct settings_take_ops {
    const char *module, *container;
    /* Fill the structure. It may be left half filled where memory is false. */
    void (*read)(struct settings_take *t, void *into);
    /* What a structure that was filled whole gets wrong. */
    void (*check)(struct settings_take *t, const void *filled);
    /* For settings_take_new(): bytes of the structure, and its end, also of a half filled one. */
    size_t size;
    void (*drop)(void *filled);
};

/*
 * Settings of path, read into a structure and checked; at any error the structure is the caller's
 * to free. ST_CONFIG: errors were added; ST_IO: no file or no memory, which is an error as well.
 */
enum status settings_take_load(const struct settings_take_ops *ops, const char *yang_dir,
                               const char *path, void *into, struct diag_list *errors) MUST_USE;

/* The same into a structure that is made, all zero at first. *st says what settings_take_load()
 * says, and the result is NULL at any error. */
void *settings_take_new(const struct settings_take_ops *ops, const char *yang_dir, const char *path,
                        struct diag_list *errors, enum status *st);

/* Malloc'd copy of a value; NULL: absent, or no memory. */
char *settings_take_text(struct settings_take *t, const char *path);
/* The same of a leaf in entry i of a list whose key is "index". */
char *settings_take_item_text(struct settings_take *t, const char *list, size_t i,
                              const char *leaf);
/* A value whose type and range the module has checked; 0: absent. */
uint64_t settings_take_number(const struct settings_take *t, const char *path);
/* Copies of all entries of a leaf-list, for settings_free_list; at least an empty list. NULL: no
 * memory. */
char **settings_take_list(struct settings_take *t, const char *path, size_t *count);
void settings_free_list(char **list, size_t count);

/* Add an error at the line of a node: 'NODE' WHAT. */
void settings_complain(struct settings_take *t, const char *node, const char *what);
/* A file that must be there, where one is named; secret: for its owner alone (lib/secret.h). */
void settings_check_file(struct settings_take *t, const char *node, const char *path, bool secret);

#endif
