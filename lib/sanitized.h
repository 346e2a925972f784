/* SPDX-License-Identifier: Apache-2.0 */
/* Whether AddressSanitizer is in this build: 1 or 0. It has needs of its own. */
#ifndef LIB_SANITIZED_H
#define LIB_SANITIZED_H

#ifdef __has_feature
#define ADDRESS_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZED 1
#else
#define ADDRESS_SANITIZED 0
#endif

#endif
