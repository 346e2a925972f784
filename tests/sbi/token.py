#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print a JSON Web Token for record.sh, signed by a key that openssl made.

usage: token.py KEY ALG ISS SUB AUD SCOPE LIFETIME     ALG: ES256, HS256, none; LIFETIME in seconds, negative: expired
"""
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def es256(key, text):
    """ECDSA as JOSE writes it: r and s, 32 bytes each, out of the DER of openssl."""
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text, capture_output=True, check=True).stdout
    out, at = b"", 2
    for _ in range(2):
        n = der[at + 1]
        out += der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + n
    return out


def main():
    key, alg, iss, sub, aud, scope, lifetime = sys.argv[1:8]
    now, lifetime = int(time.time()), int(lifetime)
    issued = now if lifetime > 0 else now - 3600
    claims = {"iss": iss, "sub": sub, "aud": aud, "scope": scope, "exp": now + lifetime, "iat": issued}
    text = b".".join(b64(json.dumps(part, separators=(",", ":")).encode())
                     for part in ({"typ": "JWT", "alg": alg}, claims))
    sign = {"ES256": lambda: es256(key, text), "none": lambda: b"",
            "HS256": lambda: hmac.new(b"secret", text, hashlib.sha256).digest()}
    print((text + b"." + b64(sign[alg]())).decode())


if __name__ == "__main__":
    main()
