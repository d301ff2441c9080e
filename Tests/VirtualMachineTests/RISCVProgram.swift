import Environment
import Foundation
import SystemCalls

/// Bare-metal programs for the riscv64 machine, as kernel images. Each is entered in S-mode as a kernel is.
enum RISCVProgram {
    /// What the programs print: a cycle of printable bytes, so that a lost or doubled one shows.
    static func expected(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(0x20 + $0 % 64) } }

    /// Prints the cycle for ever, with a pause of some thousand instructions after each byte.
    static let counting: [UInt32] = [
        0x1000_02b7,  //       lui   t0, 0x10000       the serial port
        0x0000_0493,  //       li    s1, 0
        0x03f4_f393,  // loop: andi  t2, s1, 63
        0x0203_8393,  //       addi  t2, t2, 32
        0x0072_8023,  //       sb    t2, 0(t0)
        0x0014_8493,  //       addi  s1, s1, 1
        0x0000_1e37,  //       lui   t3, 1
        0xfffe_0e13,  // wait: addi  t3, t3, -1
        0xfe0e_1ee3,  //       bnez  t3, wait
        0xfe5f_f06f,  //       j     loop
    ]

    /// Prints the cycle for ever, one byte a millisecond of guest time, and sleeps in between.
    static let ticking: [UInt32] = [
        0x1000_02b7,  //       lui   t0, 0x10000
        0x0000_0493,  //       li    s1, 0
        0x0200_0313,  //       li    t1, 32            the supervisor timer's bit
        0x1043_2073,  //       csrs  sie, t1
        0xc010_2573,  // loop: rdtime a0
        0x0000_2337,  //       lui   t1, 2
        0x7103_0313,  //       addi  t1, t1, 1808      10000 ticks
        0x0065_0533,  //       add   a0, a0, t1
        0x14d5_1073,  //       csrw  stimecmp, a0
        0x1050_0073,  // wait: wfi
        0x1440_25f3,  //       csrr  a1, sip
        0x0205_f593,  //       andi  a1, a1, 32
        0xfe05_8ae3,  //       beqz  a1, wait
        0x03f4_f393,  //       andi  t2, s1, 63
        0x0203_8393,  //       addi  t2, t2, 32
        0x0072_8023,  //       sb    t2, 0(t0)
        0x0014_8493,  //       addi  s1, s1, 1
        0xfcdf_f06f,  //       j     loop
    ]

    /// Prints one byte and asks the power controller for a reset.
    static let resetting: [UInt32] = [
        0x1000_02b7,  //       lui   t0, 0x10000
        0x0200_0393,  //       li    t2, 32
        0x0072_8023,  //       sb    t2, 0(t0)
        0x0010_02b7,  //       lui   t0, 0x100
        0x0000_7337,  //       lui   t1, 7
        0x7773_0313,  //       addi  t1, t1, 0x777
        0x0062_a023,  //       sw    t1, 0(t0)
        0x0000_006f,  // stop: j     stop
    ]

    /// Sets the real-time clock's high word to 0x41 and prints that word for ever.
    static let tellingTime: [UInt32] = [
        0x1000_02b7,  //       lui   t0, 0x10000       the serial port
        0x0010_1337,  //       lui   t1, 0x101         the real-time clock
        0x0410_0393,  //       li    t2, 0x41
        0x0073_2223,  //       sw    t2, 4(t1)
        0x0003_2383,  // loop: lw    t2, 0(t1)
        0x0043_2383,  //       lw    t2, 4(t1)
        0x0072_8023,  //       sb    t2, 0(t0)
        0x0000_1e37,  //       lui   t3, 1
        0xfffe_0e13,  // wait: addi  t3, t3, -1
        0xfe0e_1ee3,  //       bnez  t3, wait
        0xfe9f_f06f,  //       j     loop
    ]

    /// Sets the real-time clock's alarm to 10 ms from now and prints one byte when it has come.
    static let waitingForAlarm: [UInt32] = [
        0x1000_02b7,  //       lui   t0, 0x10000       the serial port
        0x0010_1337,  //       lui   t1, 0x101         the real-time clock
        0x0003_2383,  //       lw    t2, 0(t1)
        0x0043_2e03,  //       lw    t3, 4(t1)
        0x01c3_2623,  //       sw    t3, 12(t1)
        0x0098_9eb7,  //       lui   t4, 0x989
        0x01d3_83b3,  //       add   t2, t2, t4
        0x0073_2423,  //       sw    t2, 8(t1)
        0x0183_2f03,  // wait: lw    t5, 24(t1)        whether the alarm is still to come
        0xfe0f_1ee3,  //       bnez  t5, wait
        0x0200_0393,  //       li    t2, 32
        0x0072_8023,  //       sb    t2, 0(t0)
        0x0000_006f,  // stop: j     stop
    ]
}

/// A file with given bytes, gone with its owner.
final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("colod-\(UUID()).image").path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What a guest printed.
final class PrintedText: Sendable {
    private let text = ThreadGate<[UInt8]>([])
    private static let patience = Nanoseconds.seconds(20)

    func append(_ bytes: [UInt8]) { text.withLock { $0 += bytes } }
    var all: [UInt8] { text.withLock(notify: false) { $0 } }

    /// Waits until `count` bytes are there; nil if they do not come.
    func wait(for count: Int) -> [UInt8]? {
        text.wait(until: SystemClock().now() + Self.patience) { $0.count >= count ? $0 : nil }
    }
}
