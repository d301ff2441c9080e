/// The registers of one function, little-endian, with the bits of them that software may change. What is behind the first
/// 256 bytes reads as zero: there are no extended capabilities.
struct ConfigurationSpace: Equatable, Sendable {
    /// How many bytes have registers.
    static let size = 256
    private(set) var bytes = [UInt8](repeating: 0, count: size)
    private var writable = [UInt8](repeating: 0, count: size)

    /// Registers that the header of every function has.
    enum Register {
        static let identity = 0x00
        static let command = 0x04
        static let classAndRevision = 0x08
        static let headerType = 0x0e
        static let bar0 = 0x10
        static let capabilities = 0x34
        static let interruptLine = 0x3c
        static let interruptPin = 0x3d
    }
    enum Command {
        static let ports: UInt16 = 1 << 0
        static let memory: UInt16 = 1 << 1
        static let busMaster: UInt16 = 1 << 2
        static let parity: UInt16 = 1 << 6
        static let systemError: UInt16 = 1 << 8
        static let noInterrupts: UInt16 = 1 << 10
    }
    /// The bit of the status register that says that there are capabilities.
    static let hasCapabilities: UInt32 = 1 << 20

    /// Lays a register out: what it holds after a reset, and which bits software may change.
    mutating func define<T: FixedWidthInteger & UnsignedInteger>(_ offset: Int, _ value: T, writable mask: T = 0) {
        for index in 0..<T.bitWidth / 8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
            writable[offset + index] = UInt8(truncatingIfNeeded: mask >> T(8 * index))
        }
    }

    /// A register of two bytes.
    subscript(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }

    /// A register of four bytes.
    func word(_ offset: Int) -> UInt32 { UInt32(self[offset]) | UInt32(self[offset + 2]) << 16 }

    /// A load anywhere in the page of a function; bytes beyond it are none of its.
    func load(offset: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width where offset + index < Self.size {
            value |= UInt64(bytes[offset + index]) << UInt64(8 * index)
        }
        return value
    }

    /// A store anywhere in the page of a function.
    mutating func store(offset: Int, width: Int, value: UInt64) {
        for index in 0..<width where offset + index < Self.size {
            let place = offset + index
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            bytes[place] = bytes[place] & ~writable[place] | byte & writable[place]
        }
    }

    /// These registers with the content `loaded`; nil if a bit differs that software cannot have changed.
    func with(_ loaded: [UInt8]) -> ConfigurationSpace? {
        guard loaded.count == Self.size else { return nil }
        for index in 0..<Self.size where (loaded[index] ^ bytes[index]) & ~writable[index] != 0 { return nil }
        var result = self
        result.bytes = loaded
        return result
    }
}

/// What a store of `width` bytes at `offset` does to the 16-bit register at `register`: the bits it touches, and their
/// values.
func touched(register: Int, byStoreAt offset: Int, width: Int, value: UInt64) -> (mask: UInt16, bits: UInt16) {
    var (mask, bits): (UInt16, UInt16) = (0, 0)
    for index in 0..<width where offset + index == register || offset + index == register + 1 {
        let shift = UInt16(8 * (offset + index - register))
        mask |= 0xff << shift
        bits |= UInt16(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) << shift
    }
    return (mask, bits)
}
