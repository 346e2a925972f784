/* SPDX-License-Identifier: Apache-2.0 */
/* vigil enrol: an agent gets its certificate; an administrator gives the token for it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/enrol/ask.h"
#include "lib/enrol/pod.h"
#include "lib/enrol/token_store.h"
#include "lib/file.h"
#include "lib/secret.h"

#define NAME "vigil"
#define STATE "/var/lib/vigil5g/enrol"
#define EXPIRES_S 3600
#define MAX_TRUST 262144
#define MAX_EXPIRES_S (30 * 86400)

static const char help[] =
    "usage: vigil enrol URL --token FILE --out DIR      the first certificate of an agent\n"
    "       vigil enrol URL --token-file FILE --trust CA --out DIR\n"
    "                                                   likewise, of a pod of Kubernetes\n"
    "       vigil enrol URL --renew --out DIR           the next one; the agent does it by itself\n"
    "       vigil enrol token AGENT [--expires TIME]    give a one-time token, beside the "
    "authority\n"
    "       vigil enrol tokens                          those that are open\n"
    "       vigil enrol deny AGENT, allow AGENT         no more certificates for it; again\n\n"
    "      --token FILE     a token, for its owner alone; -: standard input\n"
    "      --token-file FILE  the projected token of the service account of this pod\n"
    "      --trust CA       certificate of the authority's CA, so that nobody else gets that "
    "token\n"
    "      --if-due         do nothing while DIR has a certificate that need not be renewed yet\n"
    "      --out DIR        cert.pem, key.pem and ca.pem are put there, all at once\n"
    "      --expires TIME   30m, 1h (the default), 2d: how long the token is good\n"
    "      --state DIR      of vigil-enrol-server (" STATE ")\n"
    "  -h, --help           print this\n";

struct wish {
    const char *token, *out, *state;
    const char *pod, *trust; /* the token of a pod, and whom it may be shown */
    const char *word[2];     /* what stands behind the options */
    int words;
    int64_t expires_s;
    bool renew, if_due;
};

static int
wrong(const char *text)
{
    fprintf(stderr, NAME ": %s (vigil enrol --help)\n", text);
    return EXIT_WRONG;
}

static int
failed(const struct diag *d)
{
    diag_print(NAME, d);
    return EXIT_WRONG;
}

static void
time_text(int64_t s, char out[32])
{
    time_t t = (time_t)s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, 32, "?");
}

/* "30m"; 0: it is no time. */
static int64_t
read_expires(const char *text)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    char *end;
    long long n = strtoll(text, &end, 10);
    const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;

    if (!unit || n < 1 || n > MAX_EXPIRES_S)
        return 0;
    n *= seconds[unit - units];
    return n <= MAX_EXPIRES_S ? n : 0;
}

/* ---- an agent ------------------------------------------------------------------------------- */

static int
read_token(const char *from, struct enrol_token *t)
{
    bool in = strcmp(from, "-") == 0;
    int fd = in ? STDIN_FILENO : open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char text[MAX_ENROL_TOKEN + 16];
    size_t len = 0;
    ssize_t n = -1;
    struct stat st;
    enum status got = ST_MALFORMED;

    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, NAME ": the file of the token cannot be opened: %s\n", strerror(errno));
        return EXIT_WRONG;
    }
    if (!in && (!S_ISREG(st.st_mode) || !secret_is_kept(&st))) {
        (void)close(fd);
        return wrong("the file of the token is none, or others may read it; " SECRET_RIGHT
                     " would be right");
    }
    while (len < sizeof(text) && ((n = read(fd, text + len, sizeof(text) - len)) > 0))
        len += (size_t)n;
    if (n == 0)
        got = enrol_token_parse(text, len, t);
    OPENSSL_cleanse(text, sizeof(text));
    if (!in)
        (void)close(fd);
    return got == ST_OK ? EXIT_CLEAN : wrong("this is no token; `vigil enrol token` gives one");
}

/* Kubernetes puts another token there now and then, so it is read when it is needed. */
static enum status
by_pod(const struct wish *w, struct keyset *out, struct diag *d)
{
    char *token = NULL, *trust = NULL;
    size_t len = 0, trust_len, token_len;
    enum status st = file_read(w->pod, 0, MAX_POD_TOKEN + 16, &token, &len, d);

    if (st == ST_OK)
        st = file_read(w->trust, 0, MAX_TRUST, &trust, &trust_len, d);
    if (st == ST_OK && pod_token_check(token, len, &token_len) != ST_OK)
        st = diag_set(d, ST_MALFORMED, w->pod, 0, "this is no token of a service account");
    if (st == ST_OK)
        st = enrol_pod(w->word[0], trust, token, token_len, out, d);
    if (token)
        OPENSSL_cleanse(token, len);
    free(token);
    free(trust);
    return st;
}

/* Whether what is there serves: a set that can be read, and whose certificate is good for longer.
 */
static bool
not_due(const char *dir)
{
    struct enrol_life life;
    struct keyset k;
    struct diag d;
    int64_t now = (int64_t)time(NULL);
    bool good = keyset_read(dir, &k, &d) == ST_OK;

    if (!good)
        return false;
    good = enrol_life_of(k.part[KEYSET_CERT], &life) == ST_OK && now >= life.not_before &&
           now < enrol_due(&life);
    keyset_clear(&k);
    if (good)
        printf("%s: the certificate of %s need not be renewed yet\n", dir, life.agent);
    return good;
}

static int
keep(const char *dir, struct keyset *k)
{
    struct enrol_life life;
    enum status st = enrol_life_of(k->part[KEYSET_CERT], &life);
    char until[32], due[32];
    struct diag d;

    if (st == ST_OK)
        st = keyset_write(dir, k, &d);
    else
        (void)diag_set(&d, st, dir, 0, "the certificate cannot be read");
    keyset_clear(k);
    if (st != ST_OK)
        return failed(&d);
    time_text(life.not_after, until);
    time_text(enrol_due(&life), due);
    printf("%s: certificate of %s until %s; to be renewed from %s\n", dir, life.agent, until, due);
    return EXIT_CLEAN;
}

static int
enrol(const struct wish *w)
{
    const char *url = w->word[0];
    struct enrol_token t;
    struct keyset k, old;
    struct diag d;
    enum status st;
    int rc;

    if (!w->out || (w->token != NULL) + (w->pod != NULL) + w->renew != 1)
        return wrong("--out and one of --token, --token-file and --renew are needed");
    if ((w->pod != NULL) != (w->trust != NULL))
        return wrong("--token-file and --trust go together");
    if (w->if_due && not_due(w->out))
        return EXIT_CLEAN;
    /* Before the token is spent. */
    if (enrol_url_check(url, &d) != ST_OK || keyset_prepare(w->out, &d) != ST_OK)
        return failed(&d);
    if (w->renew) {
        st = keyset_read(w->out, &old, &d);
        if (st == ST_OK) {
            st = enrol_renew(url, &old, &k, &d);
            keyset_clear(&old);
        }
    } else if (w->pod) {
        st = by_pod(w, &k, &d);
    } else {
        rc = read_token(w->token, &t);
        if (rc != EXIT_CLEAN)
            return rc;
        st = enrol_first(url, &t, &k, &d);
        enrol_token_clear(&t);
    }
    return st == ST_OK ? keep(w->out, &k) : failed(&d);
}

/* ---- an administrator ----------------------------------------------------------------------- */

static int
give_token(const struct wish *w, struct token_store *s)
{
    struct enrol_token t;
    char text[MAX_ENROL_TOKEN], until[32];
    struct diag d;
    enum status st = w->words == 2 ? enrol_token_draw(w->word[1], &t) : ST_MALFORMED;
    int64_t expires = (int64_t)time(NULL) + w->expires_s;

    if (st == ST_MALFORMED)
        return wrong("the name of an agent is needed: 1 to 63 letters, digits, '.', '_' or '-'");
    if (st == ST_OK && token_store_denies(s, t.agent))
        return wrong("this agent is denied; `vigil enrol allow` takes that back");
    st = st == ST_OK ? token_store_add(s, &t, expires, &d)
                     : diag_set(&d, st, "", 0, "no random bytes");
    if (st == ST_OK) {
        enrol_token_print(&t, text);
        time_text(expires, until);
        puts(text);
        fprintf(stderr, NAME ": for %s alone, once, until %s; it is not shown again\n", t.agent,
                until);
        OPENSSL_cleanse(text, sizeof(text));
    }
    enrol_token_clear(&t);
    return st == ST_OK ? EXIT_CLEAN : failed(&d);
}

static void
print_token(void *ctx, const char *id, const char *agent, int64_t expires, unsigned tries)
{
    char until[32];

    (void)ctx;
    time_text(expires, until);
    printf("%s  %-30s  %s%s%s\n", id, agent, until,
           expires <= (int64_t)time(NULL) ? "  expired" : "",
           tries >= ENROL_TRIES ? "  exhausted" : "");
}

static int
list_tokens(const struct wish *w, struct token_store *s)
{
    if (w->words != 1)
        return wrong("tokens takes no name");
    if (token_store_each(s, print_token, NULL) == ST_OK)
        return EXIT_CLEAN;
    fputs(NAME ": the tokens cannot be listed\n", stderr);
    return EXIT_WRONG;
}

static int
set_denied(const struct wish *w, struct token_store *s)
{
    struct diag d;

    if (w->words != 2)
        return wrong("the name of an agent is needed");
    if (token_store_deny(s, w->word[1], strcmp(w->word[0], "deny") == 0, &d) != ST_OK)
        return failed(&d);
    return EXIT_CLEAN;
}

static const struct {
    const char *name;
    int (*run)(const struct wish *w, struct token_store *s);
} acts[] = {
    {"token", give_token}, {"tokens", list_tokens}, {"deny", set_denied}, {"allow", set_denied}};

static int
carry_out(const struct wish *w)
{
    struct token_store *s;
    struct diag d;

    if (w->words == 0)
        return wrong("the address of an authority, or token, tokens, deny or allow is needed");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(w->word[0], acts[i].name) == 0) {
            int rc;

            if (token_store_open(w->state, &s, &d) != ST_OK)
                return failed(&d);
            rc = acts[i].run(w, s);
            token_store_close(s);
            return rc;
        }
    return w->words == 1 ? enrol(w) : wrong("one address is enough");
}

int
cmd_enrol(int argc, char **argv)
{
    static const struct option options[] = {
        {"token", required_argument, NULL, 't'},   {"token-file", required_argument, NULL, 'p'},
        {"trust", required_argument, NULL, 'c'},   {"if-due", no_argument, NULL, 'd'},
        {"out", required_argument, NULL, 'o'},     {"renew", no_argument, NULL, 'r'},
        {"expires", required_argument, NULL, 'e'}, {"state", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    struct wish w = {.state = STATE, .expires_s = EXPIRES_S};
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 't':
            w.token = optarg;
            break;
        case 'p':
            w.pod = optarg;
            break;
        case 'c':
            w.trust = optarg;
            break;
        case 'd':
            w.if_due = true;
            break;
        case 'o':
            w.out = optarg;
            break;
        case 'r':
            w.renew = true;
            break;
        case 'e':
            w.expires_s = read_expires(optarg);
            break;
        case 's':
            w.state = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_CLEAN;
        default:
            fputs(help, stderr);
            return EXIT_WRONG;
        }
    }
    if (w.expires_s == 0)
        return wrong("--expires is a time up to 30d, such as 30m, 1h or 2d");
    for (; optind < argc; optind++) {
        if (w.words == 2)
            return wrong("too many words");
        w.word[w.words++] = argv[optind];
    }
    return carry_out(&w);
}
