#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Counts calls of malloc(3) and its kin: the program that this is linked into has them here, and they forward to those
/// of the C library. With a sanitizer, which has its own, nothing is counted.

/// Whether calls are counted at all.
bool allocation_count_works(void);

/// How many there were, on all threads together.
uint64_t allocation_count(void);

/// How many there were on the calling thread.
uint64_t allocation_count_of_thread(void);
