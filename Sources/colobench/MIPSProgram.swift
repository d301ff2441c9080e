import EngineRISCV

/// The program that `mips` measures: checksums, heap sort and arithmetic in turns, for ever.
///
/// The words are this C program, compiled with `clang --target=riscv64 -march=rv64gc -O2` for address 0x80000000 behind
/// two instructions that set up a stack and jump to `run`:
/// ```c
/// typedef unsigned long u64; typedef unsigned int u32; typedef unsigned char u8;
/// static u32 table[256];
/// static u8 text[4096];
/// static u32 numbers[1024];
/// static u64 seed = 88172645463325252ul;
/// static u64 next(void) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed; }
/// static u32 checksum(const u8 *bytes, int count) {
///     u32 crc = ~0u;
///     for (int i = 0; i < count; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
///     return ~crc;
/// }
/// static void sift(u32 *a, int root, int count) {
///     for (int child; (child = 2 * root + 1) < count; root = child) {
///         if (child + 1 < count && a[child] < a[child + 1]) child++;
///         if (a[root] >= a[child]) return;
///         u32 t = a[root]; a[root] = a[child]; a[child] = t;
///     }
/// }
/// static void sort(u32 *a, int count) {
///     for (int i = count / 2 - 1; i >= 0; i--) sift(a, i, count);
///     for (int end = count - 1; end > 0; end--) {
///         u32 t = a[0]; a[0] = a[end]; a[end] = t;
///         sift(a, 0, end);
///     }
/// }
/// static u64 product(u64 n) {
///     u64 sum = 0;
///     for (u64 i = 1; i <= n; i++) sum = sum * 31 + (i ^ (sum >> 7));
///     return sum;
/// }
/// volatile u64 result;
/// __attribute__((noreturn)) void run(void) {
///     for (u32 i = 0; i < 256; i++) {
///         u32 c = i;
///         for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
///         table[i] = c;
///     }
///     for (;;) {
///         for (int i = 0; i < 4096; i += 8) *(u64 *)(text + i) = next();
///         for (int i = 0; i < 1024; i++) numbers[i] = (u32)next();
///         result ^= checksum(text, 4096);
///         sort(numbers, 1024);
///         result ^= numbers[512] + product(20000);
///     }
/// }
/// ```
enum MIPSProgram {
    /// The program, ready to be loaded.
    static var image: ProgramImage { ProgramImage(words: words, address: TestProgram.memoryBase) }

    private static let words: [UInt32] = [
        0x0000_1117, 0x2781_0113, 0x0040_006f, 0xf422_7179, 0xec4a_f026, 0xe452_e84e, 0x3597_4501, 0x8637_0000,
        0x8e13_edb8, 0x0593_25e5, 0x0613_3206, 0x0693_008e, 0x1713_408e, 0x579b_03f5, 0x977d_0015, 0x8f3d_8f6d,
        0x03f7_1793, 0x0017_571b, 0x8fed_97fd, 0x1793_8f3d, 0x571b_03f7, 0x97fd_0017, 0x8f3d_8fed, 0x03f7_1793,
        0x0017_571b, 0x8fed_97fd, 0x1793_8f3d, 0x571b_03f7, 0x97fd_0017, 0x8f3d_8fed, 0x03f7_1793, 0x0017_571b,
        0x8fed_97fd, 0x1793_8f3d, 0x571b_03f7, 0x97fd_0017, 0x8f3d_8fed, 0x03f7_1793, 0x0017_571b, 0x8fed_97fd,
        0xc218_8f3d, 0x0505_0611, 0xf8d6_15e3, 0x0817_4501, 0x1597_0000, 0x0a13_0000, 0x2617_1ff0, 0x6f85_0000,
        0x2000_0993, 0x1c28_3903, 0x1c65_8293, 0x1be6_0893, 0x01f8_8f33, 0x4385_9f96, 0x8313_6595, 0x1593_e205,
        0x8633_00d9, 0xc5b3_00a2, 0xd693_0125, 0x8db5_0075, 0x0115_9693, 0x00b6_c933, 0x0035_5593, 0x3023_0521,
        0xeee3_0126, 0x8546_fd45, 0x00d9_1593, 0x0125_c5b3, 0x0075_d613, 0x9613_8db1, 0x4933_0115, 0x2023_00b6,
        0x0511_0125, 0xffe5_12e3, 0x1d28_3123, 0x8596_557d, 0x0005_c603, 0x7613_8e29, 0x060a_0ff6, 0x4610_9672,
        0x0085_551b, 0x8d31_0585, 0xfff5_94e3, 0x000e_3583, 0xfff5_4513, 0x9101_1502, 0x3023_8d2d, 0x0593_00ae,
        0xa021_1ff0, 0xfff7_859b, 0x87ae_cfa9, 0x151b_872e, 0x049b_0017, 0x0263_0015, 0x9593_0347, 0x2617_0024,
        0x1693_0000, 0x0613_0025, 0x95b2_0fa6, 0x418c_9636, 0xf463_4610, 0x049b_00c5, 0x1593_0025, 0x2517_0027,
        0x9613_0000, 0x0513_0024, 0x95aa_0da5, 0x4194_962a, 0xf9e3_4218, 0xc198_fae6, 0x8726_c214, 0xfb34_e9e3,
        0x410c_b755, 0x7ff5_0e93, 0x7fde_a603, 0x7ebe_aea3, 0x0793_c110, 0xa819_3ff0, 0x9593_17fd, 0x95aa_0027,
        0x4114_4190, 0xc194_c110, 0x0477_8d63, 0x4401_4581, 0x0207_9713, 0x4685_9301, 0x0025_8493, 0x00f4_fe63,
        0x0026_9593, 0x0024_9613, 0x962a_95aa, 0x0005_e583, 0x0006_6603, 0x00c5_e363, 0x1593_84b6, 0x9413_0024,
        0x95aa_0024, 0x4190_942a, 0x77e3_4014, 0xc194_fad6, 0x0014_9593, 0x0015_8693, 0x8426_c010, 0xfae6_eee3,
        0x4581_bf61, 0x001e_e703, 0x869a_4505, 0x0055_9613, 0x819d_8e0d, 0x8da9_16fd, 0x0505_95b2, 0x4501_fae5,
        0x000e_3603, 0x8db1_95ba, 0x00be_3023, 0x0000_bd8d, 0xcbbf_7a44, 0x0139_408d,
    ]
}
