/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/status.h"

const char *
status_name(enum status st)
{
    switch (st) {
    case ST_OK:
        return "ok";
    case ST_SHORT:
        return "cut short";
    case ST_MALFORMED:
        return "malformed";
    case ST_UNSUPPORTED:
        return "not supported";
    case ST_LIMIT:
        return "over a limit";
    case ST_NOTFOUND:
        return "not found";
    case ST_DENIED:
        return "not permitted";
    case ST_IO:
        return "system error";
    case ST_CONFIG:
        return "wrong configuration";
    }
    return "unknown status";
}
