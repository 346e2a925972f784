# SPDX-License-Identifier: Apache-2.0
"""A cluster as far as enrolment sees it: keys of its issuer, and tokens of pods as Kubernetes 1.30 writes them, signed by the
openssl command."""
import base64
import json
import os
import re
import subprocess
import time

ISSUER = "https://kubernetes.default.svc.cluster.local"
AUDIENCE = "vigil5g-enrol"


def text64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def run(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True, timeout=60).stdout


class Cluster:
    def __init__(self, lab, name="cluster"):
        self.lab, self.jwks = lab, lab.path(name, "jwks.json")
        self.key = {"RS256": lab.path(name, "rsa.pem"), "ES256": lab.path(name, "ec.pem")}
        os.makedirs(lab.path(name))
        run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key["RS256"])
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key["ES256"])
        self.publish("RS256", "ES256")

    def publish(self, *algorithms):
        """What `kubectl get --raw /openid/v1/jwks` would print."""
        made = [{"use": "sig", "kid": "k-" + a, "alg": a, **(self.rsa() if a == "RS256" else self.ec())} for a in algorithms]
        self.lab.write(self.jwks, json.dumps({"keys": made}))

    def rsa(self):
        hexadecimal = run("rsa", "-in", self.key["RS256"], "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "n": text64(bytes.fromhex(hexadecimal)), "e": "AQAB"}

    def ec(self):
        point = run("pkey", "-in", self.key["ES256"], "-pubout", "-outform", "DER")[-64:]
        return {"kty": "EC", "crv": "P-256", "x": text64(point[:32]), "y": text64(point[32:])}

    def sign(self, algorithm, data):
        der = run("dgst", "-sha256", "-sign", self.key[algorithm], data=data)
        if algorithm == "RS256":
            return der
        numbers = re.findall(r"INTEGER\s+:([0-9A-F]+)", run("asn1parse", "-inform", "DER", data=der).decode())
        return b"".join(bytes.fromhex(n.rjust(64, "0")) for n in numbers)

    def token(self, account="vigil-agent", node="node-1", pod="vigil-x7", uid="11111111-2222-3333-4444-555555555555",
              namespace="core", algorithm="RS256", header=None, **claims):
        now = int(time.time())
        body = {"aud": [AUDIENCE], "exp": now + 600, "iat": now, "nbf": now, "iss": ISSUER, "jti": "1",
                "kubernetes.io": {"namespace": namespace, "node": {"name": node, "uid": "n"}, "pod": {"name": pod, "uid": uid},
                                  "serviceaccount": {"name": account, "uid": "a"}},
                "sub": f"system:serviceaccount:{namespace}:{account}", **claims}
        head = {"alg": algorithm, "kid": "k-" + algorithm, **(header or {})}
        signed = ".".join(text64(json.dumps(part).encode()) for part in (head, body))
        return signed + "." + text64(self.sign(algorithm, signed.encode()))
