#include "allocation-count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define COUNTS_NOTHING 1
#endif
#endif

static _Atomic uint64_t all;
// In the program itself, so that reading it allocates nothing.
static _Thread_local uint64_t here __attribute__((tls_model("initial-exec")));

uint64_t allocation_count(void) { return atomic_load_explicit(&all, memory_order_relaxed); }
uint64_t allocation_count_of_thread(void) { return here; }

#ifdef COUNTS_NOTHING

bool allocation_count_works(void) { return false; }

#else

bool allocation_count_works(void) { return true; }

static inline void count_one(void) {
    here++;
    atomic_fetch_add_explicit(&all, 1, memory_order_relaxed);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_one();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    count_one();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    count_one();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

#endif
