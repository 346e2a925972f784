/* SPDX-License-Identifier: Apache-2.0 */
/* SSH (RFC 4253): identification strings and KEXINIT of both sides; everything later is encrypted.
 */
#ifndef AGENTS_DISSECT_SSH_H
#define AGENTS_DISSECT_SSH_H

#include "agents/dissect/dissect.h"

#define MAX_SSH_BANNER 128
#define SSH_LISTS 8

/* The name-lists of SSH_MSG_KEXINIT, RFC 4253 clause 7.1, in their order. */
enum ssh_list_kind {
    SSH_KEX,
    SSH_HOST_KEY,
    SSH_CIPHER_C2S,
    SSH_CIPHER_S2C,
    SSH_MAC_C2S,
    SSH_MAC_S2C,
    SSH_COMPRESSION_C2S,
    SSH_COMPRESSION_S2C
};

struct ssh_msg {
    bool kexinit;                /* else: banner */
    char banner[MAX_SSH_BANNER]; /* identification string without line end; other than printable
                                    ASCII is '?' */
    struct cur
        list[SSH_LISTS]; /* kexinit: names with commas between, borrowed for the time of the call */
};

/* meta->to_server says whose banner or list it is. */
extern const struct dissector dissect_ssh;

#endif
