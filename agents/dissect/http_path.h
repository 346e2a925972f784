/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request path says, without what it must not say: API name, version and a template in which
 * every segment that may identify a subscriber, a session or an instance is replaced.
 */
#ifndef AGENTS_DISSECT_HTTP_PATH_H
#define AGENTS_DISSECT_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_HTTP_SERVICE 48
#define MAX_HTTP_TEMPLATE 112
#define MAX_PATH_SEGMENTS 24

struct http_path {
    bool sbi;                       /* path of a 3GPP API (TS 29.501 clause 4.4.1: /name/vN/...) */
    char service[MAX_HTTP_SERVICE]; /* "nnrf-nfm"; "" if it is none */
    /*
     * "/nudm-sdm/v2/{supi}/am-data". Only segments made of letters and few digits are kept (an
     * allow list: what is not known to be harmless becomes {id}); without query; "" if the path is
     * unknown or no 3GPP API.
     */
    char template[MAX_HTTP_TEMPLATE];
};

/* Classify a raw path of len bytes (with or without query). Fills out. */
void http_path_parse(const char *path, size_t len, struct http_path *out);

/*
 * Host part of "host[:port]" or of a URI, lower case, into out of size bytes; "" if there is none
 * or it does not fit.
 */
void http_host(const char *text, size_t len, char *out, size_t size);

/*
 * PLMN that a host name belongs to (TS 23.003 clause 28.2: ...5gc.mncXXX.mccYYY.3gppnetwork.org) as
 * "YYY-XXX" into out of 8 bytes. False, and "": none.
 */
bool http_host_plmn(const char *host, char out[8]);

#endif
