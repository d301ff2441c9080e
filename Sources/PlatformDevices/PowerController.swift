public import MachineModel

/// Power off and reset: one word whose low half, when written, says what to do (the SiFive test finisher's values).
/// It has no state.
public final class PowerController: MemoryMappedDevice, Sendable {
    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    private let request: @Sendable (GuestRequest) -> Void

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x1000
    /// The value that powers the machine off.
    public static let powerOffValue: UInt32 = 0x5555
    /// The value that resets the machine.
    public static let resetValue: UInt32 = 0x7777
    private static let failValue: UInt64 = 0x3333

    /// A controller with its register at `base`. `request` is called with the machine lock held, on the thread of the
    /// vCPU that asked, and must only pass the request on.
    public init(base: UInt64, request: @escaping @Sendable (GuestRequest) -> Void) {
        range = base..<base + Self.size
        self.request = request
    }

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 { 0 }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        guard offset == 0 else { return }
        switch value & 0xffff {
        case UInt64(Self.powerOffValue): request(.powerOff)
        case UInt64(Self.resetValue): request(.reset)
        case Self.failValue: request(.crashed("the guest reported failure code \(value >> 16 & 0xffff)"))
        default: break
        }
    }
}
