#!/bin/sh
# How tests/data/sbi/*.pcap were made: nghttpd, nghttp and curl (HTTP/2 with prior knowledge), one network namespace per NF on a
# bridge, tokens signed by openssl. What belongs to an attack has client ports from 50000 on, all else from 40000 on, so that it can be taken out.
# Needs root and the Debian packages nghttp2-server, nghttp2-client, curl, openssl, tcpdump, iproute2, python3. Usage: record.sh OUTDIR
set -eu
here=$(realpath "$(dirname "$0")")
out=$(realpath "$1")
work=$(mktemp -d)
nrf=10.77.2.10 udm=10.77.2.12 scp=10.77.2.200 amf=10.77.2.5 smf=10.77.2.4 pcf=10.77.2.13 stranger=10.77.2.99
id=5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d
amf_id=${id}005 smf_id=${id}004 udm_id=${id}012 pcf_id=${id}013 scp_id=${id}200 nrf_id=${id}010
sdm=/nudm-sdm/v2/imsi-999700000000001/am-data
nfs=/nnrf-nfm/v1/nf-instances
cleanup() {
    kill $(jobs -p) 2>/dev/null || true
    for n in sw 10 12 200 5 4 13 99; do ip netns del vs-$n 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
mkdir -p www/oauth2 www/nnrf-disc/v1 www/nnrf-nfm/v1/nf-instances www/nudm-sdm/v2/imsi-999700000000001
echo '{}' >www/oauth2/token
echo '{}' >www/nnrf-disc/v1/nf-instances
echo '{}' >www/nnrf-nfm/v1/list
echo '{}' >www/$sdm
profile() { # TYPE ID ADDRESS SERVICE OAUTH2
    echo "{\"nfInstanceId\":\"$2\",\"nfType\":\"$1\",\"nfStatus\":\"REGISTERED\",\"ipv4Addresses\":[\"$3\"],\"allowedNfTypes\":[\"AMF\",\"SMF\"],\"nfServices\":[{\"serviceInstanceId\":\"1\",\"serviceName\":\"$4\",\"versions\":[],\"scheme\":\"http\",\"nfServiceStatus\":\"REGISTERED\",\"oauth2Required\":$5}]}" >"www$nfs/$2"
}
profile AMF $amf_id $amf namf-comm true
profile SMF $smf_id $smf nsmf-pdusession true
profile UDM $udm_id $udm nudm-sdm true
profile PCF $pcf_id $pcf npcf-am-policy-control true
profile SCP $scp_id $scp nscp-none false
ip netns add vs-sw
ip -n vs-sw link add sw type bridge
ip -n vs-sw link set sw up
for a in $nrf $udm $scp $amf $smf $pcf $stranger; do
    n=${a##*.}
    ip netns add vs-$n
    ip -n vs-sw link add p$n type veth peer name eth0 netns vs-$n
    ip -n vs-sw link set p$n master sw up
    ip -n vs-$n addr add $a/24 dev eth0
    ip -n vs-$n link set eth0 up
done
openssl ecparam -name prime256v1 -genkey -noout -out key.pem
token() { python3 "$here/token.py" key.pem "$@"; }
port=40000
# One connection: ask FROM ARGUMENTS-OF-CURL
ask() {
    from=$1
    shift
    port=$((port + 1))
    ip netns exec vs-"${from##*.}" curl -s -o /dev/null --http2-prior-knowledge --local-port $port "$@"
}
# Many requests in one connection, all of an attack: many FROM AGENT URL...
many() {
    from=$1 agent=$2
    shift 2
    ip netns exec vs-"${from##*.}" sysctl -qw net.ipv4.ip_local_port_range='52000 60999'
    ip netns exec vs-"${from##*.}" nghttp -n -H "user-agent: $agent" "$@"
}
good() { port=$((40000 + port % 10000)); }
bad() { port=$((50000 + port % 10000)); }
register() { ask "$3" -A "$1" -X PUT -H 'content-type: application/json' -d "@www$nfs/$2" http://$nrf:7777$nfs/"$2"; }
registrations() {
    register UDM $udm_id $udm
    register AMF $amf_id $amf
    register SMF $smf_id $smf
    register PCF $pcf_id $pcf
}
with() { ask "$1" -A "$2" -H "authorization: Bearer $3" http://$udm:7777$sdm; }
good_token() { token ES256 $nrf_id "$1" UDM nudm-sdm 900; }
wants() { ask "$1" -A "$3" -d "grant_type=client_credentials&nfInstanceId=$2&nfType=$3&targetNfType=UDM&scope=nudm-sdm" http://$nrf:7777/oauth2/token; }
serve() {
    for a in $nrf $udm $scp; do
        ip netns exec vs-"${a##*.}" nghttpd --no-tls -a $a -d www 7777 >/dev/null 2>&1 &
        until ip netns exec vs-"${a##*.}" ss -ltn | grep -q ':7777 '; do :; done
    done
}
record() {
    : >td
    ip netns exec vs-sw tcpdump -U --immediate-mode -i sw -s 0 -w "$1" 'tcp port 7777' 2>td & td=$!
    until grep -q listening td; do :; done
}
finish() {
    kill $td
    wait $td 2>/dev/null || true
}
serve

record good.pcap
registrations
wants $amf $amf_id AMF
ask $amf -A AMF "http://$nrf:7777/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF"
with $amf AMF "$(good_token $amf_id)"
with $smf SMF "$(good_token $smf_id)"
with $smf SMF "$(token ES256 $nrf_id $smf_id $udm_id 'nudm-sdm nudm-uecm' 900)"
finish

record bad.pcap
good
registrations
with $amf AMF "$(good_token $amf_id)"
bad
ask $smf -A SMF http://$udm:7777$sdm
with $amf AMF "$(token ES256 $nrf_id $amf_id UDM nudm-sdm -60)"
with $amf AMF "$(token ES256 $nrf_id $amf_id AUSF nudm-sdm 900)"
with $amf AMF "$(token ES256 $nrf_id $amf_id UDM nudm-uecm 900)"
with $amf AMF "$(token none $nrf_id $amf_id UDM nudm-sdm 900)"
with $smf SMF "$(token HS256 $nrf_id $smf_id UDM nudm-sdm 900)"
with $pcf PCF "$(good_token $amf_id)"
wants $pcf $amf_id AMF
wants $smf $smf_id NEF
finish

record nrf.pcap
good
registrations
with $amf AMF "$(good_token $amf_id)"
bad
many $stranger curl http://$nrf:7777$nfs/$amf_id http://$nrf:7777$nfs/$smf_id http://$nrf:7777$nfs/$udm_id
ask $stranger -H "authorization: Bearer $(token ES256 $nrf_id $id'099' UDM nudm-sdm 900)" http://$udm:7777$sdm
many $smf SMF $(for t in AMF AUSF BSF CHF GMLC LMF NEF NSSF NWDAF PCF SMSF UDM UDR UDSF; do
    echo "http://$nrf:7777/nnrf-disc/v1/nf-instances?target-nf-type=$t&requester-nf-type=SMF"; done)
ask $smf -A SMF -X DELETE http://$nrf:7777$nfs/$amf_id
many $pcf PCF $(for i in $(seq 1 24); do echo http://$udm:7777/nudm-sdm/v2/none-$i/x; done) || true
finish

record scp.pcap
good
registrations
register SCP $scp_id $scp
cca=$(token ES256 $amf_id $amf_id UDM none 300)
ask $amf -A AMF -H "3gpp-sbi-target-apiroot: http://$udm:7777" -H "3gpp-sbi-client-credentials: $cca" http://$scp:7777$sdm
via() { ask $scp -A AMF -H "via: 2.0 SCP-scp" -H "authorization: Bearer $1" -H "3gpp-sbi-client-credentials: $2" http://$udm:7777$sdm; }
via "$(good_token $amf_id)" "$cca"
bad
via "$(good_token $amf_id)" "$(token ES256 $smf_id $smf_id UDM none 300)"
ask $smf -A SMF -H "3gpp-sbi-target-apiroot: http://$udm:7777" -H "3gpp-sbi-client-credentials: $cca" http://$scp:7777$sdm
finish
for f in good bad nrf scp; do cp $f.pcap "$out/sbi-$f.pcap"; done
