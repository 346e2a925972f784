#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The part of "make install" that is about running as services: daemons that are built, their units, users, examples.
# Usage: install.sh BUILD DESTDIR PREFIX     from the root of the repository
# Nothing is started and no user is made: systemd-sysusers, systemd-tmpfiles and systemctl do that (docs/deploy.md).
set -eu
build=$1
destdir=$2
prefix=$3
lib=$destdir$prefix/lib
doc=$destdir$prefix/share/doc/vigil5g

file() { # MODE FROM TO
    install -d "$(dirname "$3")"
    install -m "$1" "$2" "$3"
}

# UNIT: its program is where PREFIX says
unit() {
    install -d "$lib/systemd/system"
    sed "s|^ExecStart=/usr/sbin/|ExecStart=$prefix/sbin/|" "deploy/systemd/$1" >"$lib/systemd/system/$1.new"
    chmod 0644 "$lib/systemd/system/$1.new"
    mv "$lib/systemd/system/$1.new" "$lib/systemd/system/$1"
}

daemons=
for p in vigil-agent vigil-collector vigil-netconf-tls vigil-enrol-server; do
    [ -x "$build/$p" ] || continue
    daemons="$daemons $p"
    file 0755 "$build/$p" "$destdir$prefix/sbin/$p"
    unit "$p.service"
    [ ! -e "docs/$p.8" ] || file 0644 "docs/$p.8" "$destdir$prefix/share/man/man8/$p.8"
done
# No service: sshd starts it.
if [ -x "$build/vigil-netconf" ]; then
    file 0755 "$build/vigil-netconf" "$destdir$prefix/sbin/vigil-netconf"
    file 0644 docs/vigil-netconf.8 "$destdir$prefix/share/man/man8/vigil-netconf.8"
fi
case $daemons in *vigil-agent*) unit vigil-capture.service ;; esac
if [ -n "$daemons" ]; then
    file 0644 deploy/systemd/vigil5g.sysusers "$lib/sysusers.d/vigil5g.conf"
    file 0644 deploy/systemd/vigil5g.tmpfiles "$lib/tmpfiles.d/vigil5g.conf"
fi
file 0644 README.md "$doc/README.md"
file 0644 docs/deploy.md "$doc/deploy.md"
(cd deploy && find . -name '*.yaml' -o -name '*.example' -o -name '*.json' -o -name '*.pem' -o -name test-ca.sh) | sort | while read -r f; do
    mode=0644
    case $f in *.sh) mode=0755 ;; esac
    file "$mode" "deploy/$f" "$doc/examples/$f"
done
