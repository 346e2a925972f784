/* SPDX-License-Identifier: Apache-2.0 */
/* What dissectors say and ledgers hear: one decoded message with its place in the capture. */
#ifndef AGENTS_DISSECT_MSG_H
#define AGENTS_DISSECT_MSG_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_NET_ADDR_TEXT 46

/* Three words without padding, so that what is made of addresses is compared and hashed by words:
 * bytes that are not used are 0. */
struct net_addr {
    union {
        uint8_t bytes[16]; /* network order; family 4 uses the first 4, family 0 none */
        uint64_t word[2];
    };
    uint8_t family; /* 4, 6, or 0: none */
    uint8_t zero[7];
};

/* Canonical text (RFC 5952 for IPv6) into out of MAX_NET_ADDR_TEXT bytes; "" for family 0. Returns
 * out. */
const char *net_addr_text(const struct net_addr *a, char out[MAX_NET_ADDR_TEXT]);
/* The address that the text is. False: it is none; *out is of family 0 then. */
bool net_addr_read(const char *text, struct net_addr *out);
static inline bool
net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->family == b->family;
}
/* The bytes of an address of IPv4, as they lie on the wire, into a whole word: where a part of a
 * word is written, the processor waits when the word is read next. */
static inline void
net_addr_set_ip4(struct net_addr *a, uint32_t wire)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    a->word[0] = (uint64_t)wire << 32;
#else
    a->word[0] = wire;
#endif
    a->word[1] = 0;
}
/* 127.0.0.0/8, ::1, and IPv4-mapped forms of the former. */
bool net_addr_loopback(const struct net_addr *a);
/* By family, then in network order. */
int net_addr_compare(const struct net_addr *a, const struct net_addr *b);

/* Where a message was seen. Addresses are those of the innermost IP header outside a GTP-U tunnel.
 */
struct msg_meta {
    uint64_t frame;  /* number of the frame that completed the message, from 1, as tshark counts */
    int64_t time_us; /* capture time, microseconds since 1970 */
    struct net_addr src, dst;
    uint16_t sport, dport; /* 0 where the carrier has none */
    uint8_t protocol;      /* IP protocol number */
    uint8_t ttl;           /* TTL or hop limit of the last packet */
    bool df;               /* IPv4 Don't Fragment */
    bool
        to_server; /* direction, where the carrier knows who opened the exchange (see flow_known) */
    bool flow_known; /* the opening of the flow was seen, or a dissector proved the direction */
    uint32_t flow;   /* number of the flow in this run, from 1; 0: no flow */
};

/* F-TEID as NGAP (UPTransportLayerInformation) or PFCP (F-TEID, Outer Header Creation) announce it.
 */
struct gtp_tunnel {
    struct net_addr address;
    uint32_t teid;
    bool by_ngap; /* else PFCP */
    bool far_end; /* PFCP Outer Header Creation: the peer that the user plane function shall send to
                   */
};

enum msg_kind {
    MSG_FLOW_OPEN,    /* first packet of a transport flow; TCP: SYN or mid-stream (meta->flow_known
                         false) */
    MSG_FLOW_REFUSED, /* TCP RST before any payload of the server, or in answer to SYN */
    MSG_TCP_SYN,      /* every TCP SYN without ACK */
    MSG_SCTP_INIT,    /* every SCTP INIT */
    MSG_ICMP_UNREACHABLE, /* u.icmp: meta is the quoting packet */
    MSG_HTTP_REQUEST,
    MSG_HTTP_RESPONSE, /* HTTP/1.1 and HTTP/2; u.http */
    MSG_H2_OPEN,       /* a flow is clear HTTP/2: preface seen, or recognised mid-connection */
    MSG_TLS,           /* handshake message or alert; u.tls */
    MSG_NGAP,          /* u.ngap */
    MSG_NAS,           /* u.nas */
    MSG_TUNNEL,        /* u.tunnel */
    MSG_PFCP,          /* u.pfcp */
    MSG_GTPU,          /* u.gtpu */
    MSG_IKE,
    MSG_ESP,  /* u.ipsec */
    MSG_DTLS, /* DTLS record seen (UDP or SCTP payload) */
    MSG_TELNET,
    MSG_FTP,
    MSG_SNMP,
    MSG_SYSLOG,        /* u.mgmt */
    MSG_SSH,           /* u.ssh */
    MSG_MONGO,         /* u.db */
    MSG_DB,            /* other databases; u.db */
    MSG_FLOW_ACCEPTED, /* TCP: first SYN-ACK of the server; meta is the SYN-ACK */
    MSG_HTTP_BODY, /* body of a request or response that was of interest, behind its message; u.http
                    */
    MSG_FLOW_GAP,  /* SCTP: messages of this direction are missing before those that follow */
    MSG_TFTP,
    MSG_LDAP, /* u.mgmt */
    MSG_KIND_COUNT
};

struct http_msg;  /* agents/dissect/http.h */
struct tls_msg;   /* agents/dissect/tls.h */
struct ngap_msg;  /* agents/dissect/ngap.h */
struct nas_msg;   /* agents/dissect/nas.h */
struct pfcp_msg;  /* agents/dissect/pfcp.h */
struct gtpu_msg;  /* agents/dissect/gtpu.h */
struct ipsec_msg; /* agents/dissect/ipsec.h */
struct icmp_msg;  /* agents/dissect/icmp.h */
struct mgmt_msg;  /* agents/dissect/mgmt.h */
struct ssh_msg;   /* agents/dissect/ssh.h */
struct db_msg;    /* agents/dissect/db.h */

#define MAX_MSG_MARKS 6

struct msg {
    enum msg_kind kind;
    const struct msg_meta *meta;
    /*
     * MAX_MSG_MARKS words that stay with this direction of the flow, 0 at first, for those who hear
     * its messages; NULL: there are none. Dissectors leave it alone. Borrowed as u is.
     */
    uint32_t *mark;
    union {
        const struct http_msg *http;
        const struct tls_msg *tls;
        const struct ngap_msg *ngap;
        const struct nas_msg *nas;
        const struct gtp_tunnel *tunnel;
        const struct pfcp_msg *pfcp;
        const struct gtpu_msg *gtpu;
        const struct ipsec_msg *ipsec;
        const struct icmp_msg *icmp;
        const struct mgmt_msg *mgmt;
        const struct ssh_msg *ssh;
        const struct db_msg *db;
    } u; /* borrowed for the time of the call */
};

#endif
