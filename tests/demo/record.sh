#!/bin/sh
# How tests/data/demo/sbi.pcap and tls.pcap were made: nghttpd, nghttp, h2load and openssl in two network namespaces.
# Needs root and the Debian packages nghttp2-server, nghttp2-client, openssl, tcpdump, iproute2. Usage: record.sh OUTDIR
set -eu
out=$(realpath "$1")
work=$(mktemp -d)
id=5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c001
url=http://10.77.1.10:7777
cleanup() {
    kill $(jobs -p) 2>/dev/null || true
    ip netns del vg-srv 2>/dev/null || true
    ip netns del vg-cli 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
mkdir -p www/nnrf-disc/v1 www/nnrf-nfm/v1/nf-instances www/nudm-sdm/v2/imsi-999700000000001
echo '{"validityPeriod":60,"nfInstances":[]}' >www/nnrf-disc/v1/nf-instances
echo '{"gpsis":[]}' >www/nudm-sdm/v2/imsi-999700000000001/am-data
cat >www/nnrf-nfm/v1/nf-instances/$id <<J
{"nfInstanceId":"$id","nfType":"AMF","nfStatus":"REGISTERED","plmnList":[{"mcc":"999","mnc":"70"}],"ipv4Addresses":["10.77.1.5"],"nfServices":[{"serviceInstanceId":"1","serviceName":"namf-comm","versions":[{"apiVersionInUri":"v1","apiFullVersion":"1.0.0"}],"scheme":"http","nfServiceStatus":"REGISTERED"}]}
J
ip netns add vg-srv
ip netns add vg-cli
ip link add vgs type veth peer name vgc
ip link set vgs netns vg-srv
ip link set vgc netns vg-cli
ip -n vg-srv addr add 10.77.1.10/24 dev vgs
ip -n vg-cli addr add 10.77.1.5/24 dev vgc
ip -n vg-srv link set lo up
ip -n vg-srv link set vgs up
ip -n vg-cli link set vgc up
srv() { ip netns exec vg-srv "$@"; }
cli() { ip netns exec vg-cli "$@"; }
listening() { until srv ss -ltn | grep -q ':7777 '; do :; done; }
record() { ip netns exec vg-srv tcpdump -U --immediate-mode -i vgs -s 0 -w "$1" 'tcp port 7777' 2>"$work/td" & td=$!; until grep -q listening "$work/td"; do :; done; }
finish() { kill "$1"; wait "$1" 2>/dev/null || true; kill $td; wait $td 2>/dev/null || true; }

record "$work/sbi.pcap"
ip netns exec vg-srv nghttpd --no-tls -a 10.77.1.10 -d www 7777 >/dev/null 2>&1 & ng=$!
listening
cli nghttp -n -H ':method: PUT' -H 'user-agent: AMF' -H 'content-type: application/json' -d www/nnrf-nfm/v1/nf-instances/$id $url/nnrf-nfm/v1/nf-instances/$id
cli nghttp -n -H 'user-agent: AMF' "$url/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF"
cli nghttp -n -H 'user-agent: AMF' $url/nudm-sdm/v2/imsi-999700000000001/am-data
cli h2load -n 20 -c 2 -m 2 "$url/nnrf-disc/v1/nf-instances?target-nf-type=SMF&requester-nf-type=AMF" >/dev/null
finish $ng

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=udm.lab.example' \
    -addext 'subjectAltName=DNS:udm.lab.example' -keyout k.pem -out c.pem 2>/dev/null
record "$work/tls.pcap"
ip netns exec vg-srv nghttpd -a 10.77.1.10 -d www 7777 k.pem c.pem >/dev/null 2>&1 & ng=$!
listening
cli nghttp -n https://10.77.1.10:7777/nnrf-disc/v1/nf-instances 2>/dev/null || true
kill $ng
wait $ng 2>/dev/null || true
ip netns exec vg-srv openssl s_server -accept 10.77.1.10:7777 -key k.pem -cert c.pem -tls1_2 -Verify 1 -alpn h2 -quiet >/dev/null 2>&1 & ng=$!
listening
echo Q | cli openssl s_client -connect 10.77.1.10:7777 -tls1_2 -alpn h2 -key k.pem -cert c.pem >/dev/null 2>&1 || true
finish $ng
cp sbi.pcap tls.pcap "$out"
