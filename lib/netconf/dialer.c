/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/dialer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* At most one attempt (look-up, connection or session that is not established) at a time, beside at
 * most one session that is up. */
struct dialer {
    struct loop *loop;
    struct dialer_config config;
    const struct session_ops *ops;
    void *ctx;
    struct session_pool *pool;
    struct loop_timer timer; /* the back-off, or the deadline of look-up and connection */
    struct net_lookup *lookup;
    struct loop_watch watch; /* of the connection being made */
    int fd;                  /* that connection, or -1 */
    struct session *attempt, *up;
    size_t target; /* being tried */
    struct net_address address[NET_MAX_ADDRESSES];
    size_t address_count, address_next;
    int64_t due_ms; /* of the back-off; 0: not waiting */
    struct dialer_counts counts;
    bool stopped;
    bool renew; /* again, once the attempt that runs with older credentials is over */
};

static void attempt_next(struct dialer *d);

struct dialer_config
dialer_config_default(void)
{
    return (struct dialer_config){.role = TLS_SERVER,
                                  .limits = session_limits_default(),
                                  .connect_ms = 10000,
                                  .backoff_min_ms = 1000,
                                  .backoff_max_ms = 60000,
                                  .lasted_ms = 60000};
}

/* ---- waiting ------------------------------------------------------------------------------ */

static uint32_t
draw(const struct dialer *d)
{
    uint32_t r = 0;

    if (d->config.random)
        return d->config.random(d->ctx);
    /* Without the kernel's randomness the clock spreads the fleet too. */
    if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
        r = (uint32_t)loop_now_ms(d->loop) * 2654435761u;
    return r;
}

static void
back_off(struct dialer *d)
{
    uint64_t ceiling = d->config.backoff_min_ms;
    int64_t delay;

    if (d->stopped)
        return;
    d->counts.in_a_row++;
    for (unsigned i = 0; i < d->counts.in_a_row && ceiling < d->config.backoff_max_ms; i++)
        ceiling *= 2;
    if (ceiling > d->config.backoff_max_ms)
        ceiling = d->config.backoff_max_ms;
    delay = (int64_t)(ceiling - (uint64_t)draw(d) % (ceiling / 2 + 1));
    d->due_ms = loop_now_ms(d->loop) + delay;
    loop_timer_set(&d->timer, delay);
}

int64_t
dialer_wait_ms(const struct dialer *d)
{
    int64_t left = d->due_ms ? d->due_ms - loop_now_ms(d->loop) : 0;

    return d->due_ms && left < 1 ? 1 : left;
}

/* ---- one attempt -------------------------------------------------------------------------- */

static void
end_connection(struct dialer *d, bool close_it)
{
    loop_watch_stop(&d->watch);
    loop_timer_cancel(&d->timer);
    if (close_it && d->fd >= 0)
        (void)close(d->fd);
    d->fd = -1;
}

static void
tell_failure(struct dialer *d, const char *why)
{
    const struct dialer_target *t = &d->config.target[d->target];
    char text[NET_MAX_HOST + 128];

    d->counts.failures++;
    if (!d->config.failed)
        return;
    snprintf(text, sizeof(text), "%s port %u: %s", t->host, (unsigned)t->port, why);
    d->config.failed(d->ctx, text);
}

static void
on_connected(void *ctx, unsigned events)
{
    struct dialer *d = ctx;
    const struct dialer_target *t = &d->config.target[d->target];
    const char *why;
    int fd = d->fd;

    (void)events;
    if (net_connected(fd, &why) != ST_OK) {
        end_connection(d, true);
        tell_failure(d, why);
        attempt_next(d);
        return;
    }
    end_connection(d, false);
    if (session_open(d->pool, fd, d->config.tls, d->config.role, t->any_name ? NULL : t->expect,
                     NULL, &d->attempt) != ST_OK) {
        tell_failure(d, "no memory for a session");
        attempt_next(d);
    }
}

/* Begins to connect to the next address of this target; false: there is none that can be tried. */
static bool
connect_next(struct dialer *d)
{
    while (!d->stopped && d->address_next < d->address_count) {
        const struct net_address *a = &d->address[d->address_next++];

        d->counts.attempts++;
        if (net_connect(a, &d->fd) != ST_OK) {
            tell_failure(d, "cannot be connected to");
            continue;
        }
        if (loop_watch_start(d->loop, &d->watch, d->fd, LOOP_WRITE, on_connected, d) == ST_OK) {
            loop_timer_set(&d->timer, d->config.connect_ms);
            return true;
        }
        end_connection(d, true);
        tell_failure(d, "no memory");
    }
    return false;
}

static void
on_lookup(void *ctx, const struct net_address *addresses, size_t count)
{
    struct dialer *d = ctx;

    d->lookup = NULL;
    loop_timer_cancel(&d->timer);
    memcpy(d->address, addresses, count * sizeof(*addresses));
    d->address_count = count;
    if (count == 0)
        tell_failure(d, "the name has no address");
    attempt_next(d);
}

/* Gets the addresses of the current target; false: they come later, or never and it is told. */
static bool
addresses_at_once(struct dialer *d)
{
    const struct dialer_target *t = &d->config.target[d->target];

    d->address_next = 0;
    d->address_count = 0;
    if (net_parse(t->host, t->port, &d->address[0]) == ST_OK) {
        d->address_count = 1;
        return true;
    }
    if (net_lookup_start(d->loop, t->host, t->port, on_lookup, d, &d->lookup) == ST_OK)
        loop_timer_set(&d->timer, d->config.connect_ms);
    else
        tell_failure(d, "its name cannot be looked up");
    return false;
}

/* From where the attempt stands: the next address, else the next target, else the back-off. */
static void
attempt_next(struct dialer *d)
{
    while (!d->stopped) {
        if (connect_next(d))
            return;
        if (++d->target >= d->config.target_count) {
            back_off(d);
            return;
        }
        if (!addresses_at_once(d) && d->lookup)
            return;
    }
}

static void
attempt_first(struct dialer *d)
{
    d->due_ms = 0;
    d->target = 0;
    if (addresses_at_once(d) || !d->lookup)
        attempt_next(d);
}

static void
on_timer(void *ctx)
{
    struct dialer *d = ctx;

    if (d->due_ms) {
        attempt_first(d);
        return;
    }
    tell_failure(d, d->lookup ? "its name was not looked up in time" : "no connection in time");
    net_lookup_cancel(d->lookup);
    d->lookup = NULL;
    end_connection(d, true);
    attempt_next(d);
}

static bool
attempting(const struct dialer *d)
{
    return d->lookup || d->fd >= 0 || d->attempt;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static bool
on_authenticated(void *ctx, struct session *s)
{
    struct dialer *d = ctx;

    return d->ops->authenticated(d->ctx, s);
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct dialer *d = ctx;

    return d->ops->hello(d->ctx, s, xml, len);
}

static void
on_established(void *ctx, struct session *s)
{
    struct dialer *d = ctx;
    struct session *old = d->up;

    if (s == d->attempt)
        d->attempt = NULL;
    d->up = s;
    if (old)
        session_close(old);
    d->ops->established(d->ctx, s);
    if (d->renew)
        dialer_renew(d);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct dialer *d = ctx;

    d->ops->message(d->ctx, s, xml, len);
}

static void
on_drained(void *ctx, struct session *s)
{
    struct dialer *d = ctx;

    if (d->ops->drained)
        d->ops->drained(d->ctx, s);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct dialer *d = ctx;
    bool was_up = s == d->up, was_attempt = s == d->attempt;

    if (was_up) {
        d->up = NULL;
        if (session_age_ms(s) >= d->config.lasted_ms)
            d->counts.in_a_row = 0;
    }
    if (was_attempt)
        d->attempt = NULL;
    d->ops->closed(d->ctx, s, end, text);
    if (was_attempt)
        attempt_next(d);
    else if (was_up && !attempting(d) && !d->due_ms)
        back_off(d);
}

/* ---- life --------------------------------------------------------------------------------- */

static const struct session_ops wrapped = {.authenticated = on_authenticated,
                                           .hello = on_hello,
                                           .established = on_established,
                                           .message = on_message,
                                           .drained = on_drained,
                                           .closed = on_closed};

/* Checks a target, and settles the name to expect. */
static enum status
settle_target(struct dialer_target *t, size_t number, struct diag *d)
{
    const char *name = t->expect[0] ? t->expect : t->host;
    char clean[MAX_TLS_IDENTITY];
    struct net_address numeric;

    if (t->host[0] == '\0' || t->port == 0)
        return diag_set(d, ST_CONFIG, "", 0, "target %zu must have a host and a port", number);
    if (t->any_name)
        return ST_OK;
    if (!t->expect[0] && net_parse(t->host, t->port, &numeric) == ST_OK)
        return diag_set(d, ST_CONFIG, "", 0,
                        "target %zu has a numeric address: the name that its certificate must "
                        "carry has to be given",
                        number);
    if (tls_identity_clean(name, strlen(name), clean) != ST_OK)
        return diag_set(d, ST_CONFIG, "", 0,
                        "the name to expect of target %zu must be of letters, digits, '-', '.' "
                        "and '_', at most %d",
                        number, MAX_TLS_IDENTITY - 1);
    memcpy(t->expect, clean, sizeof(clean));
    return ST_OK;
}

static enum status
settle_config(struct dialer_config *c, struct diag *d)
{
    enum status st = ST_OK;

    if (c->target_count == 0 || c->target_count > DIALER_MAX_TARGETS)
        return diag_set(d, ST_CONFIG, "", 0, "1 to %d targets must be named", DIALER_MAX_TARGETS);
    if (c->backoff_min_ms == 0 || c->backoff_max_ms < c->backoff_min_ms)
        return diag_set(d, ST_CONFIG, "", 0, "the back-off must grow from 1 ms or more");
    for (size_t i = 0; i < c->target_count && st == ST_OK; i++)
        st = settle_target(&c->target[i], i + 1, d);
    return st;
}

enum status
dialer_new(struct loop *l, const struct dialer_config *config, const struct session_ops *ops,
           void *ctx, struct dialer **out, struct diag *diag)
{
    struct dialer *d = calloc(1, sizeof(*d));
    enum status st;

    *out = NULL;
    if (!d)
        return diag_set(diag, ST_IO, "", 0, "no memory");
    d->loop = l;
    d->config = *config;
    d->ops = ops;
    d->ctx = ctx;
    d->fd = -1;
    st = settle_config(&d->config, diag);
    if (st == ST_OK && (session_pool_new(l, &config->limits, &wrapped, d, &d->pool) != ST_OK ||
                        loop_timer_init(l, &d->timer, on_timer, d) != ST_OK))
        st = diag_set(diag, ST_IO, "", 0, "no memory");
    if (st != ST_OK) {
        dialer_free(d);
        return st;
    }
    /* From the loop, so that nobody is called back before dialer_new() returns. */
    d->due_ms = loop_now_ms(l) + 1;
    loop_timer_set(&d->timer, 1);
    *out = d;
    return ST_OK;
}

void
dialer_stop(struct dialer *d)
{
    d->stopped = true;
    d->due_ms = 0;
    net_lookup_cancel(d->lookup);
    d->lookup = NULL;
    end_connection(d, true);
    if (d->attempt)
        session_abort(d->attempt, SESSION_LOCAL, "we end");
}

void
dialer_free(struct dialer *d)
{
    if (!d)
        return;
    if (d->timer.loop)
        dialer_stop(d);
    session_pool_free(d->pool);
    loop_timer_clear(&d->timer);
    free(d);
}

void
dialer_renew(struct dialer *d)
{
    d->renew = d->attempt != NULL;
    if (d->stopped || attempting(d))
        return;
    d->due_ms = loop_now_ms(d->loop) + 1;
    loop_timer_set(&d->timer, 1);
}

struct session *
dialer_session(const struct dialer *d)
{
    return d->up;
}

struct session_pool *
dialer_pool(struct dialer *d)
{
    return d->pool;
}

const struct dialer_counts *
dialer_counts(const struct dialer *d)
{
    return &d->counts;
}
