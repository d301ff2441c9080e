import GuestMemory
import Synchronization

/// A ring of 16-byte descriptors in guest memory, and the one that is next.
struct PCNetRing: Equatable, Sendable {
    /// A descriptor, copied: the driver may change it in guest memory at any moment.
    struct Descriptor {
        /// Guest-physical address of the buffer.
        var address: UInt32
        /// The buffer's length in bytes, 1 to 4096.
        var length: Int
        /// Who owns it, and what part of a frame it has.
        var flags: UInt16

        var isOwnedByCard: Bool { flags & Flag.owned != 0 }
        var isFirst: Bool { flags & Flag.first != 0 }
        var isLast: Bool { flags & Flag.last != 0 }
    }
    private enum Flag {
        static let owned: UInt16 = 1 << 15
        static let first: UInt16 = 1 << 9
        static let last: UInt16 = 1 << 8
    }
    private static let descriptorSize: UInt64 = 16
    private static let largestCountBits: UInt16 = 9

    private let address: UInt32
    /// How many descriptors there are.
    let count: Int
    private var next = 0

    /// No ring.
    init() { (address, count) = (0, 0) }

    /// A ring at guest-physical `address` with two to the power of `countBits` descriptors, 512 at most.
    init(address: UInt32, countBits: UInt16) {
        self.address = address
        count = 1 << Int(min(countBits, Self.largestCountBits))
    }

    private var place: UInt64 { UInt64(address) + UInt64(next) * Self.descriptorSize }

    /// The next descriptor; nil if there is none, or if it is not in RAM.
    func current(_ memory: GuestMemory) -> Descriptor? {
        guard count > 0, let second = memory.load(place + 4, as: UInt32.self) else { return nil }
        // The rest must be read after the flag that says whose it is.
        atomicMemoryFence(ordering: .acquiring)
        guard let buffer = memory.load(place, as: UInt32.self) else { return nil }
        // The length is a negative number of twelve bits.
        let length = 4096 - Int(second & 0xfff)
        return Descriptor(address: buffer, length: length, flags: UInt16(second >> 16))
    }

    /// Gives a descriptor of a frame that was sent back to the driver; false if it is no longer in RAM.
    mutating func giveBack(flags: UInt16, _ memory: GuestMemory) -> Bool { finish(flags & ~Flag.owned, memory) }

    /// Gives a descriptor with a whole frame of `received` bytes to the driver; false if it is not in RAM.
    mutating func giveBack(received: Int, _ memory: GuestMemory) -> Bool {
        memory.store(place + 8, UInt32(received)) && finish(Flag.first | Flag.last, memory)
    }

    private mutating func finish(_ flags: UInt16, _ memory: GuestMemory) -> Bool {
        atomicMemoryFence(ordering: .releasing)
        guard memory.store(place + 6, flags) else { return false }
        next = (next + 1) % count
        return true
    }
}
