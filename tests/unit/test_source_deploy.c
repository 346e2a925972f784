/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of deployment files: sshd_config, and what hostile input does to all of them. What they
 * read from good input stands in tests/source/{compose,kubernetes,helm,mongod}/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "agents/source/table.h"
#include "agents/source/workload.h"
#include "lib/buf.h"
#include "lib/fact_tree.h"

#define SHAPES 400
#define MAX_SHAPE (64 * 1024)

static const struct source *const deploy[] = {
    &source_compose, &source_kubernetes, &source_helm, &source_mongod, &source_sshd,
};

struct world {
    struct fact_schema *schema;
    struct fact_tree *tree;
    struct source_env env;
    struct diag_list errors, notes;
};

static void
offer(struct world *wo, const char *path, const char *part, const char *text, size_t len, bool yaml)
{
    struct yaml_stream *s = NULL;
    struct diag d;
    size_t docs;

    if (yaml && yaml_parse(text, len, path, 1, &s, &d) == ST_IO)
        fail();
    docs = yaml ? yaml_documents(s) : 1;
    for (size_t i = 0; i < docs; i++) {
        struct source_input in = {.path = path,
                                  .part = part,
                                  .document = i,
                                  .root = yaml ? yaml_root(s, i) : NULL,
                                  .text = text,
                                  .len = len,
                                  .first_line = 1,
                                  .templated = true};

        for (size_t k = 0; k < sizeof(deploy) / sizeof(deploy[0]); k++)
            if (deploy[k]->claim(&in) != SOURCE_NO)
                assert_int_equal(deploy[k]->read(&wo->env, &in, fact_tree_sink(wo->tree)), ST_OK);
    }
    yaml_stream_free(s);
}

static void
on_embedded(void *ctx, const char *path, const char *id, unsigned first_line, const char *text,
            size_t len)
{
    (void)first_line;
    offer(ctx, path, id, text, len, true);
}

static void
begin(struct world *wo)
{
    wo->tree = fact_tree_new(wo->schema);
    assert_non_null(wo->tree);
}

/* The facts as JSON; malloc'd. */
static char *
end(struct world *wo)
{
    char *json = NULL;

    assert_int_equal(fact_tree_print_json(wo->tree, &json), ST_OK);
    fact_tree_free(wo->tree);
    wo->tree = NULL;
    return json;
}

static int
setup(void **state)
{
    struct world *wo = calloc(1, sizeof(*wo));
    struct diag d;

    if (!wo || fact_schema_new(VIGIL_BUILD_ROOT "/yang", &wo->schema, &d) != ST_OK)
        return -1;
    diag_list_init(&wo->errors);
    diag_list_init(&wo->notes);
    wo->env = (struct source_env){
        .root_fd = open(VIGIL_BUILD_ROOT "/tests/source", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .scope = "test",
        .now = 1795435200,
        .errors = &wo->errors,
        .notes = &wo->notes,
        .embedded = on_embedded,
        .embedded_ctx = wo,
    };
    *state = wo;
    return 0;
}

static int
teardown(void **state)
{
    struct world *wo = *state;

    close(wo->env.root_fd);
    diag_list_clear(&wo->errors);
    diag_list_clear(&wo->notes);
    fact_schema_free(wo->schema);
    free(wo);
    return 0;
}

static void
expect(const char *json, const char *what)
{
    if (!strstr(json, what))
        fail_msg("%s is not in %s", what, json);
}

static void
sshd_written(void **state)
{
    static const char text[] = "# a comment\n"
                               "Port 2222\n"
                               "ListenAddress [2001:db8::1]:2222\n"
                               "permitrootlogin yes\n"
                               "PasswordAuthentication no\n"
                               "PasswordAuthentication yes\n"
                               "AllowUsers operator\n"
                               "AuthenticationMethods publickey,password publickey\n"
                               "Ciphers aes256-gcm@openssh.com,aes128-cbc\n"
                               "MACs -hmac-md5\n"
                               "ClientAliveInterval 5m\n"
                               "Match User backup\n"
                               "MaxAuthTries 20\n";
    struct world *wo = *state;
    char *json;

    begin(wo);
    offer(wo, "etc/ssh/sshd_config", NULL, text, sizeof(text) - 1, false);
    assert_int_equal(fact_tree_refused(wo->tree), 0);
    json = end(wo);
    expect(json, "\"host:test/etc/ssh/sshd_config\"");
    expect(json, "\"permit-root-login\": \"yes\"");
    expect(json, "etc/ssh/sshd_config:4");
    expect(json, "\"password-authentication\": false");
    expect(json, "\"user-list\": true");
    expect(json, "\"public-key-required\": true");
    expect(json, "\"weak-algorithm\": [");
    expect(json, "\"aes128-cbc\"");
    assert_null(strstr(json, "hmac-md5"));
    assert_null(strstr(json, "operator"));
    expect(json, "\"client-alive-interval\": 300");
    expect(json, "\"max-auth-tries\": 6"); /* the other stands in a Match block */
    expect(json, "\"address\": \"2001:db8::1\"");
    expect(json, "\"port\": 2222");
    free(json);
}

static void
sshd_defaults(void **state)
{
    static const char empty[] = "# nothing\n", includes[] = "Include /etc/ssh/sshd_config.d/*\n";
    struct world *wo = *state;
    char *json;

    begin(wo);
    offer(wo, "sshd_config", NULL, empty, sizeof(empty) - 1, false);
    json = end(wo);
    expect(json, "\"permit-root-login\": \"prohibit-password\"");
    expect(json, "\"password-authentication\": true");
    expect(json, "default:openssh/9");
    expect(json, "\"bind\": \"wildcard\"");
    free(json);
    begin(wo);
    offer(wo, "sshd_config", NULL, includes, sizeof(includes) - 1, false);
    json = end(wo);
    assert_null(strstr(json, "\"password-authentication\": "));
    expect(json, "unresolved");
    free(json);
}

static void
paths(void **state)
{
    char out[32];

    (void)state;
    assert_true(workload_resolve("a/b/c.yaml", "../x/./y.yaml", out, sizeof(out)));
    assert_string_equal(out, "a/x/y.yaml");
    assert_true(workload_resolve("c.yaml", "./y", out, sizeof(out)));
    assert_string_equal(out, "y");
    assert_false(workload_resolve("c.yaml", "../y", out, sizeof(out)));
    assert_false(workload_resolve("a/c.yaml", "..", out, sizeof(out)));
    assert_false(
        workload_resolve("a/c.yaml", "0123456789012345678901234567890123456789", out, sizeof(out)));
}

static void
words(void **state)
{
    const char *role, *nf_type;

    (void)state;
    assert_true(workload_role_of_name("open5gs-upf2", &role, &nf_type));
    assert_string_equal(nf_type, "upf");
    assert_true(workload_role_of_name("mongodb-exporter", &role, &nf_type));
    assert_string_equal(role, "other");
    assert_false(workload_role_of_name("queue", &role, &nf_type));
    assert_false(workload_role_of_name("${AMF}", &role, &nf_type));
    assert_true(workload_secret_name("GF_SECURITY_ADMIN_PASSWORD"));
    assert_true(workload_secret_name("jwt_secret_key"));
    assert_false(workload_secret_name("MONKEY"));
    assert_false(workload_secret_name("PUBLIC_KEY"));
    assert_false(workload_secret_name("TOKEN_TTL"));
    assert_true(workload_uri_account("mongodb://u:p@db/x"));
    assert_false(workload_uri_account("mongodb://db/x?a=b@c"));
    assert_string_equal(workload_mount_kind("/run/containerd/containerd.sock", true),
                        "engine-socket");
    assert_string_equal(workload_mount_kind("/etc/", false), "sensitive-host-path");
    assert_string_equal(workload_mount_kind("/etc/localtime", true), "host-path");
    assert_string_equal(workload_mount_kind("/etc/localtime", false), "sensitive-host-path");
    assert_string_equal(workload_mount_kind("/procession", false), "host-path");
    assert_string_equal(workload_port_service("webui", NULL, "3000", "tcp"), "webui");
    assert_string_equal(workload_port_service("grafana", NULL, "3000", "tcp"), "grafana");
    assert_string_equal(workload_port_service(NULL, "n32-c", "8443", "tcp"), "n32");
}

/* --- hostile shapes -----------------------------------------------------------------------------
 */

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* Keys and values of all formats, in any order and nesting: flow style, so that every draw parses.
 */
static void
shape(struct buf *b, uint32_t *seed, unsigned depth)
{
    static const char *const names[] = {
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "spec",
        "template",
        "containers",
        "image",
        "ports",
        "env",
        "value",
        "valueFrom",
        "securityContext",
        "capabilities",
        "add",
        "drop",
        "privileged",
        "volumes",
        "volumeMounts",
        "hostPath",
        "path",
        "configMap",
        "data",
        "stringData",
        "items",
        "services",
        "build",
        "command",
        "environment",
        "env_file",
        "networks",
        "extends",
        "configs",
        "secrets",
        "deploy",
        "resources",
        "limits",
        "memory",
        "user",
        "cap_add",
        "security_opt",
        "network_mode",
        "mongodb",
        "auth",
        "enabled",
        "dbURI",
        "repository",
        "tag",
        "registry",
        "digest",
        "net",
        "bindIp",
        "security",
        "authorization",
        "storage",
        "dbPath",
        "port",
        "<<",
        "type",
        "nodePort",
        "nodePorts",
        "tls",
        "mode",
        "rules",
        "roleRef",
        "labels",
        "annotations",
        "k8s.v1.cni.cncf.io/networks",
        "ingress",
        "policyTypes",
        "podSelector",
        "target",
        "source",
        "published",
        "host_ip",
        "serviceAccount",
        "automountServiceAccountToken",
        "args",
        "files",
    };
    static const char *const values[] = {
        "true",
        "'0'",
        "''",
        "~",
        "'${X}'",
        "'${X:-y}'",
        "'$'",
        "'${'",
        "'$$'",
        "'{{'",
        "'a:b:c:d'",
        "':'",
        "'/'",
        "'[::1]:1:2/udp'",
        "'['",
        "'[{}]'",
        "'@'",
        "'mongodb://u:p@h/'",
        "'-c'",
        "'--bind_ip'",
        "'--port='",
        "'mongod'",
        "'mongo'",
        "'grafana/grafana'",
        "'open5gs-webui'",
        "Deployment",
        "Service",
        "List",
        "ConfigMap",
        "Secret",
        "Pod",
        "MongoDBCommunity",
        "v1",
        "NodePort",
        "RoleBinding",
        "NetworkPolicy",
        "'a@sha256:'",
        "'..'",
        "'99999999999999999999'",
        "\"\\x01\\n\"",
        "'/var/run/docker.sock:/x:ro,z'",
        "'x: |\\n y'",
        "host",
        "Ingress",
    };
    uint32_t what = draw(seed, depth > 6 ? 1 : 4), n = draw(seed, 6);

    if (what == 0 || b->len > MAX_SHAPE / 2) {
        buf_puts(b, values[draw(seed, sizeof(values) / sizeof(values[0]))]);
        return;
    }
    buf_puts(b, what == 1 ? "[" : "{");
    for (uint32_t i = 0; i < n + (what > 1 ? 4u : 0u); i++) {
        buf_puts(b, i ? ", " : "");
        if (what > 1)
            buf_printf(b, "%s: ", names[draw(seed, sizeof(names) / sizeof(names[0]))]);
        shape(b, seed, depth + 1);
    }
    buf_puts(b, what == 1 ? "]" : "}");
}

/* A document of a format whose parts have any shape. */
static void
document(struct buf *b, uint32_t *seed)
{
    static const char *const kinds[] = {
        "Deployment",    "Pod",         "CronJob", "MongoDBCommunity", "Service",   "Ingress",
        "NetworkPolicy", "RoleBinding", "Secret",  "ConfigMap",        "Namespace", "List",
    };

    switch (draw(seed, 4)) {
    case 0:
        buf_printf(b, "{apiVersion: v1, kind: %s, metadata: ",
                   kinds[draw(seed, sizeof(kinds) / sizeof(kinds[0]))]);
        shape(b, seed, 1);
        buf_puts(b, ", data: ");
        shape(b, seed, 3);
        buf_puts(b, ", spec: {template: {metadata: ");
        shape(b, seed, 4);
        buf_puts(b, ", spec: {containers: [{name: x, env: ");
        shape(b, seed, 4);
        buf_puts(b, ", volumeMounts: [{name: v}], securityContext: ");
        shape(b, seed, 4);
        buf_puts(b, "}], volumes: [{name: v, hostPath: ");
        shape(b, seed, 5);
        buf_puts(b, "}]}}, ports: ");
        shape(b, seed, 3);
        buf_puts(b, "}}");
        break;
    case 1:
        buf_puts(b, "{services: {a: {image: 'mongo', command: ");
        shape(b, seed, 4);
        buf_puts(b, ", ports: [");
        shape(b, seed, 5);
        buf_puts(b, "], environment: ");
        shape(b, seed, 4);
        buf_puts(b, ", volumes: [");
        shape(b, seed, 5);
        buf_puts(b, "]}, b: ");
        shape(b, seed, 1);
        buf_puts(b, "}}");
        break;
    case 2:
        buf_puts(b, "{image: {repository: x}, dbURI: 'mongodb://h/', amf: ");
        shape(b, seed, 1);
        buf_puts(b, ", services: ");
        shape(b, seed, 1);
        buf_puts(b, "}");
        break;
    default:
        shape(b, seed, 0);
    }
}

static void
shapes(void **state)
{
    struct world *wo = *state;
    uint32_t seed = 1818;

    for (int i = 0; i < SHAPES; i++) {
        struct buf b;
        char *json;

        buf_init(&b, MAX_SHAPE);
        document(&b, &seed);
        begin(wo);
        offer(wo, i % 2 ? "values.yaml" : "x/docker-compose.yaml", NULL, buf_text(&b), b.len, true);
        json = end(wo);
        assert_non_null(json);
        free(json);
        buf_clear(&b);
    }
}

/* --- damaged files ------------------------------------------------------------------------------
 */

static struct world *damaged; /* nftw() passes nothing on */

static int
damage(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
    size_t len = (size_t)sb->st_size;
    char *text;
    FILE *f;

    (void)ftw;
    if (type != FTW_F || !strstr(path, "/root/") || len > 8000)
        return 0;
    f = fopen(path, "rb");
    text = malloc(len + 1);
    assert_non_null(f);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, len, f), len);
    fclose(f);
    text[len] = '\0';
    for (size_t cut = len; cut > 64; cut -= 61) {
        char kept = text[cut];

        text[cut] = '\0';
        begin(damaged);
        offer(damaged, "x/values.yaml", NULL, text, cut, true);
        offer(damaged, "x/templates/sshd_config", NULL, text, cut, false);
        free(end(damaged));
        text[cut] = kept;
        text[cut / 2] = (char)(text[cut / 2] ^ (1 << cut % 7));
    }
    free(text);
    return 0;
}

static void
damaged_files(void **state)
{
    static const char *const dirs[] = {"compose", "kubernetes", "helm", "mongod"};

    damaged = *state;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/tests/source/%s", VIGIL_BUILD_ROOT, dirs[i]);
        assert_int_equal(nftw(path, damage, 16, FTW_PHYS), 0);
    }
}

/* One service with more of everything than a workload may hold: cut, and said so. */
static void
too_much(void **state)
{
    struct world *wo = *state;
    struct buf b;
    char *json;

    buf_init(&b, 900 * 1024);
    buf_puts(&b, "services:\n  a:\n    image: x\n    ports:\n");
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, "      - \"%d:%d\"\n", i + 1, i + 1);
    buf_puts(&b, "    environment:\n");
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, "      PASSWORD%d: %0100d\n", i, i);
    assert_int_equal(b.status, ST_OK);
    begin(wo);
    offer(wo, "docker-compose.yaml", NULL, buf_text(&b), b.len, true);
    json = end(wo);
    expect(json, "\"complete\": false");
    free(json);
    buf_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sshd_written), cmocka_unit_test(sshd_defaults),
        cmocka_unit_test(paths),        cmocka_unit_test(words),
        cmocka_unit_test(shapes),       cmocka_unit_test(damaged_files),
        cmocka_unit_test(too_much),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
