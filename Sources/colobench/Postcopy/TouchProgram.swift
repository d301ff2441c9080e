import Environment
import Glibc
import GuestMemory
import PairLab
import SystemCalls

/// A guest that counts until it is told how many pages to touch, and then times a load from or a store to each of them, in an
/// order that it finds in its memory. It is a kernel for the machine `riscv64` of colod (S-mode) or `pc` of QEMU (multiboot,
/// 32 bits); the addresses are offsets in RAM, and ticks are what `rdtime` or `rdtsc` counts.
///
/// ```
/// image:  beat += 1; if count == 0, again
///         one load from each page of the order, one store to each page of the times
///         for each entry of the order: ticks of one access to that page, a load from even ones and a store to odd ones
///         done = count; then nothing for ever
/// ```
final class TouchProgram {
    /// The RAM of the machine that runs it. It is read and written as a file: looking at a page through a mapping would make
    /// one that is missing present.
    let ram: RAMFile
    private let file: Descriptor
    /// The most pages that it touches.
    static let limit = 65_536
    /// Megabytes of RAM besides the pages that are touched.
    static let overhead = 8

    private static let image = 2 << 20
    private static let order = image + 0x10000
    private static let times = image + 0x80000
    private static let pages = 2 * image

    /// Words that the guest and this program share.
    private enum Control: Int {
        case beat = 0
        case count = 8
        case done = 16
        /// The ticks of the last beat; only of `pc`.
        case ticks = 24

        var offset: Int { TouchProgram.image + 0x8000 + rawValue }
    }

    /// The program in the machine whose RAM is `ram`.
    init(ram: RAMFile) throws {
        self.ram = ram
        file = try Descriptor.open(ram.path, flags: O_RDWR)
    }

    /// Puts the order of touches there, and what the program finds when it starts.
    func prepare(order: [Int]) {
        precondition(order.count <= Self.limit)
        for word in [Control.beat, .count, .done, .ticks] { self[word] = 0 }
        write(order.map(UInt32.init), at: Self.order)
    }

    /// A seeded order of `count` of the pages of a machine with `megabytes`.
    static func order(count: Int, megabytes: Int, seed: UInt64) -> [Int] {
        var random = SeededGenerator(seed: seed)
        let all = ((megabytes - overhead) << 20) / targetPageSize
        return Array((0..<all).shuffled(using: &random).prefix(count))
    }

    /// How often it has counted.
    var beat: UInt64 { self[.beat] }

    /// The ticks of the last time that it counted; only of `pc`.
    var ticks: UInt64 { self[.ticks] }

    /// How many pages it has touched, once it has touched all.
    var done: UInt64 { self[.done] }

    /// Has it touch `count` pages. It must have counted here.
    func go(_ count: Int) { self[.count] = UInt64(count) }

    /// The ticks of the first `count` touches.
    func ticks(ofTouches count: Int) -> [UInt64] { read(count, at: Self.times) }

    private subscript(word: Control) -> UInt64 {
        get { read(1, at: word.offset)[0] }
        set { write([newValue], at: word.offset) }
    }

    private func read(_ count: Int, at offset: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: count)
        // SAFETY: fills the array at most.
        let got = unsafe words.withUnsafeMutableBytes { unsafe pread(file.number, $0.baseAddress, $0.count, offset) }
        precondition(got == 8 * count, "the file is as large as the machine's RAM")
        return words
    }

    private func write<Word: BitwiseCopyable>(_ words: [Word], at offset: Int) {
        // SAFETY: reads the array's own bytes.
        let put = unsafe words.withUnsafeBytes { unsafe pwrite(file.number, $0.baseAddress, $0.count, offset) }
        precondition(put == words.count * MemoryLayout<Word>.size, "the file is as large as the machine's RAM")
    }
}
