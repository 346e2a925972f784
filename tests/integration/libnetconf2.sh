#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libnetconf2's client talks to our sessions, connecting and being called home.
set -eu
"$(dirname "$1")/tests/interop/libnetconf2"
