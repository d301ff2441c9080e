#pragma once
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

// Memory that GnuTLS frees; its own allocator is a variable, which Swift cannot call.
static inline void *colod_gnutls_allocate(size_t size) { return gnutls_malloc(size); }
