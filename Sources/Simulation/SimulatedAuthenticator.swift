public import ReplicationCore

/// A keyed mix of the bytes: enough to tell keys and messages apart in a simulation, and fast. No cryptography.
public struct SimulatedAuthenticator: MessageAuthenticator {
    private let key: UInt64

    /// An authenticator with this key.
    public init(key: UInt64) { self.key = key }

    /// 32 bytes that depend on the key and on all bytes.
    public func code(for bytes: [UInt8]) -> [UInt8] {
        var state = key ^ 0xcbf2_9ce4_8422_2325
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var code: [UInt8] = []
        code.reserveCapacity(32)
        for _ in 0..<4 {
            state = (state ^ (state >> 31)) &* 0xbf58_476d_1ce4_e5b9
            for shift in stride(from: 56, through: 0, by: -8) { code.append(UInt8(truncatingIfNeeded: state >> shift)) }
        }
        return code
    }
}
