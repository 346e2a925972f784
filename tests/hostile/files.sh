#!/bin/sh
# Hostile files against the plain build: bombs, giants, FIFOs, devices, loops, paths that lead away. Each must give a
# clear error or be skipped, within 256 MiB and 20 s, and quote nothing.
set -u
vigil=$(realpath "$1")
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
bad=0

say() { echo "FAIL: $1"; bad=1; }

# scan NAME ARG...: run within the limits. $dir/told: its errors and stderr; $dir/all: all that it printed
scan() {
    name=$1
    shift
    rm -f "$dir/rc" "$dir/all" "$dir/told"
    timeout 25 python3 - "$dir" "$vigil" "$@" <<'PY'
import json, resource, subprocess, sys
base, vigil, args = sys.argv[1], sys.argv[2], sys.argv[3:]
try:
    p = subprocess.run([vigil, "scan", "-f", "json", "--now", "2026-11-23T12:00:00Z", *args], timeout=20,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
except subprocess.TimeoutExpired:
    sys.exit(0)
rss = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
told = p.stderr
try:
    for e in json.loads(p.stdout)["errors"] if p.stdout else ():
        told += f"{e['path']}:{e.get('line', 0)}: {e['text']}\n".encode(errors="replace")
except ValueError:
    p.returncode = 99
for name, data in (("all", p.stdout + p.stderr), ("told", told), ("rc", b"%d %d\n" % (p.returncode, rss))):
    with open(f"{base}/{name}", "wb") as f:
        f.write(data)
PY
    [ -s "$dir/rc" ] || { say "$name: no end within 20 s"; : >"$dir/all"; : >"$dir/told"; return; }
    read -r rc rss <"$dir/rc"
    case $rc in 0 | 1 | 2) ;; *) say "$name: exit $rc" ;; esac
    [ "$rss" -gt 1000 ] && [ "$rss" -le 262144 ] || say "$name: ${rss} KiB of memory"
    [ -z "${SHOW:-}" ] || echo "$name: exit $rc, $rss KiB"
}

says() { grep -qa "$1" "$dir/told" || { say "$name: no error says \"$1\""; head -c 600 "$dir/told"; }; }
shows() { grep -qa "$1" "$dir/all" || say "$name: does not show \"$1\""; }
never() { ! grep -qa "$1" "$dir/all" || say "$name: quotes \"$1\""; }

d=$dir/bomb; mkdir "$d"
{ echo 'a0: &a0 [x,x,x,x,x,x,x,x]'
  for i in 1 2 3 4 5 6 7; do p=$((i - 1)); echo "a$i: &a$i [*a$p,*a$p,*a$p,*a$p,*a$p,*a$p,*a$p,*a$p]"; done; } >"$d/amf.yaml"
scan 'alias bomb' "$d"; says 'amf.yaml:.*aliases'

d=$dir/giant; mkdir "$d"
{ echo 'amf:'; head -c 209715200 /dev/zero | tr '\0' '#'; } >"$d/amf.yaml"
scan '200 MB of YAML' "$d"; says 'larger than'

d=$dir/pcap; mkdir "$d"
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' >"$d/x.pcap"
printf '\000\000\000\000\000\000\000\000\377\377\377\377\377\377\377\377abcdef' >>"$d/x.pcap"
scan '4 GB record' -r "$d/x.pcap"; says 'x.pcap:'

d=$dir/fifo; mkdir "$d"; mkfifo "$d/amf.yaml"
scan 'FIFO' "$d"; says 'no regular file'
scan 'FIFO as a capture' -r "$d/amf.yaml"; says 'no regular file'

d=$dir/device; mkdir "$d"; ln -s /dev/zero "$d/amf.yaml"
scan 'link to a device' "$d"; says 'amf.yaml'
scan 'device as a capture' -r /dev/zero; says 'no regular file'

d=$dir/loop; mkdir -p "$d/sub"; ln -s loop.yaml "$d/loop.yaml"; ln -s .. "$d/sub/up"; ln -s ../sub "$d/sub/again"
scan 'symlink loops' "$d"; says 'loop'

d=$dir/shadow; mkdir "$d"
cat >"$d/udm.yaml" <<'Y'
udm:
  sbi:
    server:
      - address: 127.0.0.12
        port: 7777
        scheme: https
        private_key: /etc/shadow
        cert: ../../../../../../../../etc/passwd
  hnet:
    - {id: 1, scheme: 1, key: /etc/shadow}
Y
ln -s /etc/passwd "$d/link.yaml"
scan 'paths to /etc/shadow' "$d"; never 'root:'; never 'nologin'

d=$dir/secret; mkdir "$d"
cat >"$d/docker-compose.yaml" <<'Y'
services:
  udr:
    image: udr:1
    environment: {DB_URI: "mongodb://admin:hunter2secret@db/open5gs", ADMIN_PASSWORD: hunter2secret}
Y
echo 'db_uri: mongodb://u:hunter2secret@db/open5gs' >"$d/udr.yaml"
printf 'udr:\n  sbi:\n    server:\n      - address: 127.0.0.20\n' >>"$d/udr.yaml"
scan 'passwords' "$d"; shows 'nf:scan/udr'; never 'hunter2'

# Certificates and keys that are none: garbage, huge, a directory, a FIFO, too many in one file.
d=$dir/certs; mkdir -p "$d/dir.key"; mkfifo "$d/fifo.key"
head -c 60000 /dev/urandom >"$d/garbage.crt"
{ echo '-----BEGIN CERTIFICATE-----'; head -c 700000 /dev/zero | tr '\0' 'A'; echo; echo '-----END CERTIFICATE-----'; } >"$d/long.crt"
head -c 104857600 /dev/zero >"$d/huge.crt"
printf '\060\204\377\377\377\377' >"$d/der.crt"
i=0; while [ $i -lt 9000 ]; do printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'; i=$((i + 1)); done >"$d/many.crt"
: >"$d/empty.crt"
{ echo 'amf:'; echo '  sbi:'; echo '    server:'
  for c in garbage long huge der many empty absent; do for k in dir fifo absent; do
    printf '      - {address: 10.0.0.1, scheme: https, cert: %s.crt, private_key: %s.key, verify_client: true, verify_client_cacert: %s.crt}\n' $c $k $c
  done; done; } >"$d/amf.yaml"
scan 'certificates and keys that are none' "$d"; shows 'nf:scan/amf'

# Names that would reach a terminal or break a line.
d=$dir/names; mkdir "$d"
esc=$(printf '\033[2J\033]0;owned\007'); nl=$(printf 'a\nb'); c1=$(printf '\302\233')
for n in "$esc" "$nl" "$c1" "$(printf '\377\376')" '%n%s%s' '$(id)' '-v' '..'x; do
    printf 'amf: [\n' >"$d/$n.yaml"; printf 'amf:\n  sbi:\n    server:\n      - address: 10.0.0.1\n' >"$d/ok$n.yaml"
done
scan 'file names' "$d"; says 'not YAML'; shows 'nf:scan/ok'
for f in table html sarif; do
    "$vigil" scan -v -f $f "$d" >"$dir/all" 2>&1
    LC_ALL=C never "$(printf '\033')"; LC_ALL=C never "$(printf '\302\233')"; LC_ALL=C never "$(printf '\007')"
done

# Many small files: of no kind, and of many NFs; what is over a ceiling is told.
d=$dir/many; mkdir "$d"; i=0
while [ $i -lt 10000 ]; do echo 'key: value' >"$d/f$i.yaml"; i=$((i + 1)); done
scan '10000 files of no kind' "$d"; says '^vigil: nothing to judge'
d=$dir/nfs; mkdir "$d"; i=0
while [ $i -lt 10000 ]; do printf 'amf:\n  sbi:\n    server:\n      - address: 10.0.0.1\n' >"$d/f$i.yaml"; i=$((i + 1)); done
scan '10000 AMFs' "$d"; says 'not read'

# One file with as much as fits: list entries, keys, anchors, nesting.
d=$dir/wide; mkdir "$d"
{ echo 'amf:'; echo '  sbi:'; echo '    server:'; i=0; while [ $i -lt 20000 ]; do echo "      - address: 10.0.0.1"; i=$((i + 1)); done; } >"$d/amf.yaml"
scan '20000 servers' "$d"; shows 'nf:scan/amf'
{ i=0; while [ $i -lt 1001 ]; do echo "a$i: &a$i 1"; i=$((i + 1)); done; } >"$d/amf.yaml"
scan 'anchors' "$d"; says 'amf.yaml:.*anchors'
{ head -c 400000 /dev/zero | tr '\0' '['; } >"$d/amf.yaml"
scan 'nesting' "$d"; says 'amf.yaml:1: nested too deeply'
{ echo 'services:'; i=0; while [ $i -lt 8000 ]; do printf '  s%d: {image: "a:1", ports: ["1:1"], privileged: true}\n' $i; i=$((i + 1)); done; } >"$d/amf.yaml"
scan '8000 services' "$d"

d=$dir/deep; mkdir "$d"; i=0; p=$d
while [ $i -lt 60 ]; do p=$p/d; i=$((i + 1)); done; mkdir -p "$p"; echo 'amf: {}' >"$p/amf.yaml"
scan 'deep directories' "$d"; says 'nested'

[ $bad -eq 0 ]
