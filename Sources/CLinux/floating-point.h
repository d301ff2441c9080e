// Floating-point operations with a given rounding mode that report the exceptions they raise. Swift cannot say either.
//
// Operands and results are bit patterns. `mode` is RISC-V's: 0 nearest even, 1 towards zero, 2 down, 3 up; `flags` gets
// RISC-V's: 1 inexact, 2 underflow, 4 overflow, 8 division by zero, 16 invalid. The control register is set and read by
// volatile assembly that the operands and the result pass through, so the compiler can move no operation out of between.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

// MXCSR: bits 13 and 14 round, 7 to 12 mask all exceptions, 0 to 5 report them.
static inline uint32_t clinux_float_control(unsigned mode) {
    return 0x1f80u | ((0x9cu >> (mode * 2) & 3u) << 13);
}

static inline unsigned clinux_float_flags(uint32_t status) {
    return (status >> 5 & 1) | (status >> 3 & 2) | (status >> 1 & 4) | (status << 1 & 8) | (status << 4 & 16);
}

#define CLINUX_FLOAT_ENTER(mode, a, b, c)                                                                           \
    uint32_t control = clinux_float_control(mode);                                                                  \
    __asm__ volatile("ldmxcsr %3" : "+x"(a), "+x"(b), "+x"(c) : "m"(control))

#define CLINUX_FLOAT_LEAVE(result, flags)                                                                           \
    uint32_t status;                                                                                                \
    uint32_t initial = 0x1f80u;                                                                                     \
    __asm__ volatile("stmxcsr %1\n\tldmxcsr %2" : "+x"(result), "=m"(status) : "m"(initial));                       \
    *(flags) = clinux_float_flags(status)

#elif defined(__aarch64__)

// FPCR: bits 22 and 23 round; FPSR: bits 0 to 4 report exceptions. This architecture tells whether a result is tiny
// before rounding it, RISC-V after: a result that rounds up to the smallest normal number is not tiny.
static inline uint64_t clinux_float_control(unsigned mode) { return (uint64_t)(0x6cu >> (mode * 2) & 3u) << 22; }

static inline unsigned clinux_float_flags(uint64_t status) {
    return (status >> 4 & 1) | (status >> 2 & 2) | (status & 4) | (status << 2 & 8) | (status << 4 & 16);
}

#define CLINUX_FLOAT_ENTER(mode, a, b, c)                                                                           \
    uint64_t control = clinux_float_control(mode);                                                                  \
    __asm__ volatile("msr fpcr, %3\n\tmsr fpsr, xzr\n\tisb" : "+w"(a), "+w"(b), "+w"(c) : "r"(control))

#define CLINUX_FLOAT_LEAVE(result, flags)                                                                           \
    uint64_t status;                                                                                                \
    __asm__ volatile("mrs %1, fpsr\n\tmsr fpcr, xzr" : "+w"(result), "=r"(status));                                 \
    *(flags) = clinux_float_flags(status)

#else
#error "the riscv64 engine needs the rounding modes and exception flags of x86-64 or AArch64"
#endif

#define CLINUX_FLOAT_OPERATION(name, type, bits, expression)                                                        \
    static inline bits name(bits left, bits right, bits addend, unsigned mode, unsigned *flags) {                   \
        type a, b, c, result;                                                                                       \
        memcpy(&a, &left, sizeof a);                                                                                \
        memcpy(&b, &right, sizeof b);                                                                               \
        memcpy(&c, &addend, sizeof c);                                                                              \
        CLINUX_FLOAT_ENTER(mode, a, b, c);                                                                          \
        result = (expression);                                                                                      \
        CLINUX_FLOAT_LEAVE(result, flags);                                                                          \
        bits pattern;                                                                                               \
        memcpy(&pattern, &result, sizeof pattern);                                                                  \
        return pattern;                                                                                             \
    }

CLINUX_FLOAT_OPERATION(clinux_f32_add, float, uint32_t, a + b)
CLINUX_FLOAT_OPERATION(clinux_f32_subtract, float, uint32_t, a - b)
CLINUX_FLOAT_OPERATION(clinux_f32_multiply, float, uint32_t, a * b)
CLINUX_FLOAT_OPERATION(clinux_f32_divide, float, uint32_t, a / b)
CLINUX_FLOAT_OPERATION(clinux_f32_square_root, float, uint32_t, sqrtf(a))
CLINUX_FLOAT_OPERATION(clinux_f32_multiply_add, float, uint32_t, fmaf(a, b, c))
CLINUX_FLOAT_OPERATION(clinux_f64_add, double, uint64_t, a + b)
CLINUX_FLOAT_OPERATION(clinux_f64_subtract, double, uint64_t, a - b)
CLINUX_FLOAT_OPERATION(clinux_f64_multiply, double, uint64_t, a * b)
CLINUX_FLOAT_OPERATION(clinux_f64_divide, double, uint64_t, a / b)
CLINUX_FLOAT_OPERATION(clinux_f64_square_root, double, uint64_t, sqrt(a))
CLINUX_FLOAT_OPERATION(clinux_f64_multiply_add, double, uint64_t, fma(a, b, c))

#undef CLINUX_FLOAT_OPERATION
#undef CLINUX_FLOAT_ENTER
#undef CLINUX_FLOAT_LEAVE
