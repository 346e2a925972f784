#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libnetconf2 as client, called home by us and connecting, and as server that calls us home.
set -eu
"$(dirname "$1")/tests/interop/sessions"
