/* SPDX-License-Identifier: Apache-2.0 */
/* <create-subscription> (RFC 5277). */
#include <string.h>
#include <time.h>

#include "collector/north/north.h"
#include "collector/north/select.h"

struct nc_server_reply *
north_create_subscription(struct north *n, const struct lyd_node *in)
{
    const char *stream = north_value(in, "stream");
    const char *start = north_value(in, "startTime"), *stop = north_value(in, "stopTime");
    struct north_feed_options o = {.start = start ? north_time_parse(start) : 0,
                                   .stop = stop ? north_time_parse(stop) : 0};
    struct north_select s;
    struct diag d = {.text = ""};
    enum status st;

    if (n->feed)
        return north_error(n, NC_ERR_OP_FAILED, "this session has a subscription");
    if (stream && strcmp(stream, "NETCONF") != 0)
        return north_error(n, NC_ERR_INVALID_VALUE, "the stream is NETCONF");
    if (start && o.start > time(NULL))
        return north_error(n, NC_ERR_BAD_ELEM, "startTime lies in the future");
    if (stop && (!start || o.stop < o.start))
        return north_error(n, NC_ERR_BAD_ELEM, "stopTime wants an earlier startTime");
    st = north_select_read(n->model, north_child(in, "filter"), &s, &d);
    if (st == ST_OK) {
        o.filter = s.filter;
        st = north_feed_new(n->model, n->store, &o, &n->feed);
    } else {
        netconf_filter_free(s.filter);
    }
    if (st != ST_OK)
        return north_refuse(n, st, &d);
    nc_session_inc_notif_status(n->session);
    return north_ok();
}
