/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of vigil-enrol-server (yang/x1818-enrol-config.yang, deploy/enrol.yaml). */
#ifndef COLLECTOR_ENROL_ENROL_CONFIG_H
#define COLLECTOR_ENROL_ENROL_CONFIG_H

#include <stdint.h>

#include "collector/enrol/kube.h"
#include "lib/diag.h"
#include "lib/net.h"

#define ENROL_LIFE_MIN_S 10
#define ENROL_LIFE_MAX_S (398LL * 86400)

/* Everything is owned by the structure; user may be NULL. */
struct enrol_config {
    struct net_address listen;
    char *certificate, *key, *state, *user;
    int64_t life_s;
    struct kube_config kube;
};

/* ST_OK, or ST_CONFIG or ST_IO with every error in errors; then *out is NULL. */
enum status enrol_config_load(const char *yang_dir, const char *path, struct enrol_config **out,
                              struct diag_list *errors) MUST_USE;
void enrol_config_free(struct enrol_config *c);

#endif
