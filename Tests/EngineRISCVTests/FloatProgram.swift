/// The program of the floating-point comparison.
enum FloatProgram {
    /// C, with one assembler statement for each instruction.
    static let source = #"""
        // Every floating-point instruction on many operands in every rounding mode: the result's bits and the flags.
        typedef unsigned long u64;
        typedef unsigned int u32;

        enum { ROUNDS = 300, OPERATIONS = 64, MODES = 5 };

        struct record {
            u64 value;
            u64 flags;
        };

        struct record results[ROUNDS * OPERATIONS * MODES];
        const u64 results_size = sizeof results;

        static u64 seed = 0x9e3779b97f4a7c15ul;

        static u64 next(void) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            return seed;
        }

        // Half of the operands lie where something happens: zeroes, infinities, NaNs, the edges of subnormals and integers.
        static u64 operand64(u64 near) {
            static const u64 special[] = {
                0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
                0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000000001, 1, 0x8000000000000001, 0x000fffffffffffff,
                0x0010000000000000, 0x7fefffffffffffff, 0x3fe0000000000000, 0x3ff8000000000000, 0x4004000000000000,
                0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000, 0x41efffffffe00000,
                0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, 0x3ca0000000000000, 0x3c90000000000000,
                0x380fffffe0000000, 0x36a0000000000000, 0x3690000000000000, 0x47efffffe0000000, 0x47effffff0000000,
            };
            u64 r = next();
            switch (r >> 60 & 7) {
            case 0: case 1: return special[r % (sizeof special / 8)];
            case 2: return (r & 0x800fffffffffffff) | (0x3f0ul + (r >> 52 & 31)) << 52;
            case 3: return near ^ (r & 3);
            case 4: return (r & 0x8000000000000fff) | (0x380ul + (r >> 12 & 0xff)) << 52;
            case 5: return r & 0x801fffffffffffff;
            case 6: return (near & 0x7ff0000000000000) ^ (r & 0x800fffffffffffff);
            default: return r;
            }
        }

        static u64 operand32(u64 near) {
            static const u32 special[] = {
                0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00001, 1,
                0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0x3f000000, 0x3fc00000, 0x40200000, 0x4effffff, 0x4f000000,
                0xcf000000, 0x4f7fffff, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x33800000, 0x33000000,
            };
            u64 r = next();
            u32 low = (u32)r;
            switch (r >> 60 & 7) {
            case 0: case 1: low = special[r % (sizeof special / 4)]; break;
            case 2: low = (low & 0x807fffff) | (0x70u + (u32)(r >> 52 & 31)) << 23; break;
            case 3: low = (u32)near ^ (low & 3); break;
            case 4: low = (low & 0x8000000f) | (0x60u + (u32)(r >> 40 & 0x3f)) << 23; break;
            case 5: low &= 0x80ffffff; break;
            case 6: low = ((u32)near & 0x7f800000) ^ (low & 0x807fffff); break;
            default: break;
            }
            // Now and then a register that holds no single.
            return (r >> 33 & 63) == 0 ? low | 0x1234567800000000 : low | 0xffffffff00000000;
        }

        static struct record *out;

        #define BEGIN "csrw frm, %[rm]\n\tcsrw fflags, zero\n\tfmv.d.x ft0, %[a]\n\tfmv.d.x ft1, %[b]\n\tfmv.d.x ft2, %[c]\n\t"
        #define END "\n\tcsrr %[flags], fflags"
        #define RUN(text, move)                                                                              \
            do {                                                                                             \
                u64 value, flags;                                                                            \
                __asm__ volatile(BEGIN text move END                                                         \
                                 : [v] "=&r"(value), [flags] "=&r"(flags)                                    \
                                 : [rm] "r"(rm), [a] "r"(a), [b] "r"(b), [c] "r"(c), [i] "r"(integer)        \
                                 : "ft0", "ft1", "ft2", "ft3");                                              \
                *out++ = (struct record){value, flags};                                                      \
            } while (0)
        #define TO_FLOAT(text) RUN(text, "\n\tfmv.x.d %[v], ft3")
        #define TO_INTEGER(text) RUN(text, "")

        #define BOTH_FORMATS(f)                                                                              \
            TO_FLOAT("fadd." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fsub." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fmul." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fdiv." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fsqrt." f " ft3, ft0");                                                                \
            TO_FLOAT("fmadd." f " ft3, ft0, ft1, ft2");                                                      \
            TO_FLOAT("fmsub." f " ft3, ft0, ft1, ft2");                                                      \
            TO_FLOAT("fnmsub." f " ft3, ft0, ft1, ft2");                                                     \
            TO_FLOAT("fnmadd." f " ft3, ft0, ft1, ft2");                                                     \
            TO_FLOAT("fmin." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fmax." f " ft3, ft0, ft1");                                                            \
            TO_FLOAT("fsgnj." f " ft3, ft0, ft1");                                                           \
            TO_FLOAT("fsgnjn." f " ft3, ft0, ft1");                                                          \
            TO_FLOAT("fsgnjx." f " ft3, ft0, ft1");                                                          \
            TO_INTEGER("feq." f " %[v], ft0, ft1");                                                          \
            TO_INTEGER("flt." f " %[v], ft0, ft1");                                                          \
            TO_INTEGER("fle." f " %[v], ft0, ft1");                                                          \
            TO_INTEGER("fclass." f " %[v], ft0");                                                            \
            TO_INTEGER("fcvt.w." f " %[v], ft0, dyn");                                                       \
            TO_INTEGER("fcvt.wu." f " %[v], ft0, dyn");                                                      \
            TO_INTEGER("fcvt.l." f " %[v], ft0, dyn");                                                       \
            TO_INTEGER("fcvt.lu." f " %[v], ft0, dyn");                                                      \
            TO_FLOAT("fcvt." f ".l ft3, %[i], dyn");                                                         \
            TO_FLOAT("fcvt." f ".lu ft3, %[i], dyn")

        void compute(void) {
            out = results;
            u64 a = 0, b = 0, c = 0;
            for (int round = 0; round < ROUNDS; round++) {
                u64 integer = next() >> (next() & 63);
                if (next() & 1) integer = -integer;
                for (u64 rm = 0; rm < MODES; rm++) {
                    struct record *start = out;
                    a = operand64(b), b = operand64(a), c = operand64(a);
                    BOTH_FORMATS("d");
                    TO_FLOAT("fcvt.s.d ft3, ft0, dyn");
                    TO_FLOAT("fcvt.d.w ft3, %[i]");
                    TO_FLOAT("fcvt.d.wu ft3, %[i]");
                    a = operand32(b), b = operand32(a), c = operand32(a);
                    BOTH_FORMATS("s");
                    TO_FLOAT("fcvt.d.s ft3, ft0");
                    TO_FLOAT("fcvt.s.w ft3, %[i], dyn");
                    TO_FLOAT("fcvt.s.wu ft3, %[i], dyn");
                    TO_INTEGER("fmv.x.w %[v], ft0");
                    TO_FLOAT("fmv.w.x ft3, %[i]");
                    out = start + OPERATIONS;
                }
            }
        }
        """#
}
