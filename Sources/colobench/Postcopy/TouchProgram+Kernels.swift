extension TouchProgram {
    /// The kernel for `riscv64`.
    static var riscvKernel: [UInt8] { bytes(riscvWords) }

    /// The kernel for `pc`.
    static var pcKernel: [UInt8] { bytes(pcWords) }

    private static func bytes(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    /// `clang --target=riscv64`, linked for any address, of this, behind the 64 bytes that a kernel begins with:
    /// ```
    /// entry:  auipc   s0, 0
    ///         addi    s0, s0, -64
    ///         lui     t2, 1
    ///         lui     t0, 16
    ///         add     s1, s0, t0
    ///         lui     t0, 128
    ///         add     s2, s0, t0
    ///         lui     t0, 512
    ///         add     s3, s0, t0
    ///         lui     t0, 8
    ///         add     s0, s0, t0
    /// beat:   ld      t0, 0(s0)
    ///         addi    t0, t0, 1
    ///         sd      t0, 0(s0)
    ///         ld      a0, 8(s0)
    ///         beqz    a0, beat
    ///         mv      t0, s1
    ///         slli    t1, a0, 2
    ///         add     t1, t1, s1
    /// 1:      lw      zero, 0(t0)
    ///         add     t0, t0, t2
    ///         bltu    t0, t1, 1b
    ///         mv      t0, s2
    ///         slli    t1, a0, 3
    ///         add     t1, t1, s2
    /// 2:      sd      zero, 0(t0)
    ///         add     t0, t0, t2
    ///         bltu    t0, t1, 2b
    ///         mv      t0, s1
    ///         mv      t1, s2
    ///         li      a1, 0
    /// touch:  lwu     a2, 0(t0)
    ///         andi    a3, a2, 1
    ///         slli    a2, a2, 12
    ///         add     a2, a2, s3
    ///         bnez    a3, store
    ///         rdtime  t3
    ///         ld      t4, 0(a2)
    ///         rdtime  t5
    ///         j       note
    /// store:  rdtime  t3
    ///         sd      a1, 0(a2)
    ///         rdtime  t5
    /// note:   sub     t5, t5, t3
    ///         sd      t5, 0(t1)
    ///         addi    t0, t0, 4
    ///         addi    t1, t1, 8
    ///         addi    a1, a1, 1
    ///         bltu    a1, a0, touch
    ///         sd      a1, 16(s0)
    /// done:   wfi
    ///         j       done
    /// ```
    private static let riscvWords: [UInt32] = [
        0x0400_006f, 0x0000_0013, 0x0020_0000, 0x0000_0000, 0x0020_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000,
        0x0000_0002, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x4353_4952, 0x0000_0056, 0x0543_5352, 0x0000_0000,
        0x0000_0417, 0xfc04_0413, 0x0000_13b7, 0x0001_02b7, 0x0054_04b3, 0x0008_02b7, 0x0054_0933, 0x0020_02b7,
        0x0054_09b3, 0x0000_82b7, 0x0054_0433, 0x0004_3283, 0x0012_8293, 0x0054_3023, 0x0084_3503, 0xfe05_08e3,
        0x0004_8293, 0x0025_1313, 0x0093_0333, 0x0002_a003, 0x0072_82b3, 0xfe62_ece3, 0x0009_0293, 0x0035_1313,
        0x0123_0333, 0x0002_b023, 0x0072_82b3, 0xfe62_ece3, 0x0004_8293, 0x0009_0313, 0x0000_0593, 0x0002_e603,
        0x0016_7693, 0x00c6_1613, 0x0136_0633, 0x0006_9a63, 0xc010_2e73, 0x0006_3e83, 0xc010_2f73, 0x0100_006f,
        0xc010_2e73, 0x00b6_3023, 0xc010_2f73, 0x41cf_0f33, 0x01e3_3023, 0x0042_8293, 0x0083_0313, 0x0015_8593,
        0xfaa5_eee3, 0x00b4_3823, 0x1050_0073, 0xffdf_f06f,
    ]

    /// `clang --target=i386`, linked for 2 MiB, of this, behind a multiboot header:
    /// ```
    /// entry:  mov     $0x208000, %ebx
    /// beat:   rdtsc
    ///         mov     %eax, 24(%ebx)
    ///         mov     %edx, 28(%ebx)
    ///         incl    (%ebx)
    ///         mov     8(%ebx), %ecx
    ///         test    %ecx, %ecx
    ///         jz      beat
    ///         mov     $0x210000, %esi
    ///         lea     (%esi,%ecx,4), %edi
    /// 1:      mov     (%esi), %eax
    ///         add     $4096, %esi
    ///         cmp     %edi, %esi
    ///         jb      1b
    ///         mov     $0x280000, %esi
    ///         lea     (%esi,%ecx,8), %edi
    /// 2:      movl    $0, (%esi)
    ///         add     $4096, %esi
    ///         cmp     %edi, %esi
    ///         jb      2b
    ///         xor     %ebp, %ebp
    /// touch:  mov     0x210000(,%ebp,4), %edi
    ///         mov     %edi, %esi
    ///         shl     $12, %edi
    ///         add     $0x400000, %edi
    ///         test    $1, %esi
    ///         jnz     store
    ///         rdtsc
    ///         mov     %eax, %esi
    ///         mov     (%edi), %eax
    ///         rdtsc
    ///         jmp     note
    /// store:  rdtsc
    ///         mov     %eax, %esi
    ///         mov     %ebp, (%edi)
    ///         rdtsc
    /// note:   sub     %esi, %eax
    ///         mov     %eax, 0x280000(,%ebp,8)
    ///         movl    $0, 0x280004(,%ebp,8)
    ///         inc     %ebp
    ///         cmp     %ecx, %ebp
    ///         jb      touch
    ///         mov     %ecx, 16(%ebx)
    /// done:   cli
    ///         hlt
    ///         jmp     done
    /// ```
    private static let pcWords: [UInt32] = [
        0x1bad_b002, 0x0001_0000, 0xe451_4ffe, 0x0020_0000, 0x0020_0000, 0x0000_0000, 0x0000_0000, 0x0020_0020,
        0x2080_00bb, 0x8931_0f00, 0x5389_1843, 0x8b03_ff1c, 0xc985_084b, 0x00be_ef74, 0x8d00_2100, 0x068b_8e3c,
        0x1000_c681, 0xfe39_0000, 0x00be_f472, 0x8d00_2800, 0x06c7_ce3c, 0x0000_0000, 0x1000_c681, 0xfe39_0000,
        0xed31_f072, 0x00ad_3c8b, 0x8900_2100, 0x0ce7_c1fe, 0x0000_c781, 0xc6f7_0040, 0x0000_0001, 0x310f_0a75,
        0x078b_c689, 0x08eb_310f, 0xc689_310f, 0x310f_2f89, 0x0489_f029, 0x2800_00ed, 0xed04_c700, 0x0028_0004,
        0x0000_0000, 0x72cd_3945, 0x104b_89bb, 0xfceb_f4fa,
    ]
}
