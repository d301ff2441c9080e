/// The image of a riscv64 kernel that is nothing but a few instructions.
public enum KernelImage {
    /// A flat image (Linux, Documentation/arch/riscv/boot-image-header) whose first instruction jumps over its header, to
    /// `program`.
    public static func bytes(of program: [UInt32]) -> [UInt8] {
        var bytes = little(0x0400_006f as UInt32) + little(0 as UInt32)
        bytes += little(0x20_0000 as UInt64) + little(0x1_0000 as UInt64) + little(0 as UInt64)
        bytes += little(2 as UInt32) + [UInt8](repeating: 0, count: 12)
        bytes += Array("RISCV".utf8) + [0, 0, 0] + little(0x0543_5352 as UInt32) + little(0 as UInt32)
        return bytes + program.flatMap { little($0) }
    }

    /// Two vCPUs that write to one page after the other, over and over: the first from 0x8080_0000 on, the second from
    /// 0x8280_0000 on, 8192 pages each. In the eight bytes before that each counts what it wrote.
    public static let twoWriters: [UInt32] = [
        0x0010_0513,  //        li    a0, 1
        0x0000_0597,  //        auipc a1, 0
        0x0305_8593,  //        addi  a1, a1, second - 4
        0x0000_0813,  //        li    a6, 0
        0x0048_58b7,  //        lui   a7, 0x485          hart state management
        0x34d8_8893,  //        addi  a7, a7, 0x34d
        0x0000_0073,  //        ecall                    start hart 1
        0x4040_0413,  //        li    s0, 0x404
        0x0154_1413,  //        slli  s0, s0, 21
        0x0000_2937,  // write: lui   s2, 2
        0xfff9_0913,  //        addi  s2, s2, -1
        0x0000_0493,  //        li    s1, 0
        0x00c0_006f,  //        j     loop
        0x4140_0413,  // second: li  s0, 0x414
        0xfe9f_f06f,  //        j     write - 4          the shift of s0
        0x0124_f2b3,  // loop:  and   t0, s1, s2
        0x00c2_9293,  //        slli  t0, t0, 12
        0x0082_82b3,  //        add   t0, t0, s0
        0x0092_b423,  //        sd    s1, 8(t0)
        0x0014_8493,  //        addi  s1, s1, 1
        0xfe94_3c23,  //        sd    s1, -8(s0)         the count
        0xfe9f_f06f,  //        j     loop
    ]

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
