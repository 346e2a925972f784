#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A certificate authority for a test bed: CA, one certificate for the collector, one for each agent. NOT for production: the
# key of the CA lies unprotected beside the rest. Where certificates come from there: docs/deploy.md.
# Usage: test-ca.sh DIR COLLECTOR-NAME AGENT-ID...
#   DIR/ca.pem                           what both sides trust
#   DIR/ca/key.pem                       stays here
#   DIR/NAME/{cert.pem,key.pem,ca.pem}   goes to /etc/vigil5g/tls of that machine, key.pem owned by the user that reads it
# Identity is the dNSName of the certificate: the collector's name as agents call it, the id of the agent. An agent can speak
# for no other id. Run it again with more agents: what is there stays.
set -eu
umask 077
if [ $# -lt 2 ]; then
    sed -n 's/^# Usage: /usage: /p' "$0" >&2
    exit 2
fi
dir=$1
collector=$2
shift 2
days_ca=${CA_DAYS:-365}
days=${DAYS:-30}

# A name ends up in a file name and in an extension of OpenSSL's configuration: letters, digits, dots, hyphens.
for n in "$collector" "$@"; do
    case $n in
    '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.-]* | ca | ca.pem)
        echo "test-ca.sh: '$n' is no host name" >&2
        exit 2
        ;;
    esac
    [ ${#n} -le 63 ] || { echo "test-ca.sh: a name is longer than 63 characters" >&2; exit 2; }
done

quiet() {
    "$@" 2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
    rm -f "$dir/log"
}

mkdir -p "$dir/ca"
if [ ! -e "$dir/ca.pem" ]; then
    quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$days_ca" \
        -subj "/CN=Vigil5G test CA" -keyout "$dir/ca/key.pem" -out "$dir/ca.new" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
    mv "$dir/ca.new" "$dir/ca.pem"
fi

# NAME USAGE: key and certificate, unless they are there. serverAuth for whom TLS calls server.
issue() {
    d=$dir/$1
    [ ! -e "$d/cert.pem" ] || return 0
    mkdir -p "$d"
    printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" "extendedKeyUsage=$2" \
        "subjectAltName=DNS:$1" "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" >"$d/ext"
    quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "/CN=$1" \
        -keyout "$d/key.pem" -out "$d/req"
    quiet openssl x509 -req -in "$d/req" -CA "$dir/ca.pem" -CAkey "$dir/ca/key.pem" -sha256 -days "$days" \
        -set_serial "0x$(openssl rand -hex 16 | sed 's/^./4/')" -extfile "$d/ext" -out "$d/cert.new"
    rm -f "$d/req" "$d/ext"
    cp "$dir/ca.pem" "$d/ca.pem"
    chmod 0644 "$d/cert.new" "$d/ca.pem"
    mv "$d/cert.new" "$d/cert.pem"
}

# RFC 8071: who called is still the NETCONF server, and TLS server too. Both usages on both sides also suit a collector that
# calls devices.
issue "$collector" "serverAuth,clientAuth"
for n in "$@"; do
    issue "$n" "serverAuth,clientAuth"
done
chmod 0644 "$dir/ca.pem"
chmod 0755 "$dir"
echo "$dir: CA, collector $collector, $# agents"
