/// The kind of an access to memory.
enum MemoryAccess {
    case fetch, load, store

    var accessFault: UInt64 {
        switch self {
        case .fetch: ExceptionCause.fetchAccess
        case .load: ExceptionCause.loadAccess
        case .store: ExceptionCause.storeAccess
        }
    }

    var pageFault: UInt64 {
        switch self {
        case .fetch: ExceptionCause.fetchPage
        case .load: ExceptionCause.loadPage
        case .store: ExceptionCause.storePage
        }
    }
}

/// Physical memory protection (RISC-V privileged spec 1.12 §3.7) with 16 entries and a grain of 4 KiB, so that the
/// answer is the same for a whole page and can stand in a TLB.
struct PMP {
    var addresses = InlineArray<16, UInt64>(repeating: 0)
    var configurations = InlineArray<16, UInt8>(repeating: 0)

    static let read: UInt8 = 1
    static let write: UInt8 = 2
    static let execute: UInt8 = 4
    static let locked: UInt8 = 0x80
    private static let modeMask: UInt8 = 0x18
    private static let topOfRange: UInt8 = 0x08
    private static let fourBytes: UInt8 = 0x10
    private static let powerOfTwo: UInt8 = 0x18
    /// Everything allowed in a naturally aligned range.
    static let openConfiguration: UInt8 = 0x1f
    /// The grain is 2^(G+2) bytes.
    private static let grainExponent: UInt64 = 10

    /// Whether the page of `address` may be accessed that way.
    func allows(_ address: UInt64, _ access: MemoryAccess, _ privilege: PrivilegeMode) -> Bool {
        let page = address >> 12
        var bottom: UInt64 = 0
        for index in addresses.indices {
            let configuration = configurations[index]
            let value = addresses[index]
            let top = value >> Self.grainExponent
            defer { bottom = top }
            let matches: Bool
            switch configuration & Self.modeMask {
            case Self.topOfRange: matches = page >= bottom && page < top
            case Self.powerOfTwo:
                let ones = (value | ((1 << (Self.grainExponent - 1)) - 1))
                let span = ones ^ (ones &+ 1)
                matches = (address >> 2 ^ ones) & ~span == 0
            default: matches = false
            }
            guard matches else { continue }
            if privilege == .machine, configuration & Self.locked == 0 { return true }
            switch access {
            case .fetch: return configuration & Self.execute != 0
            case .load: return configuration & Self.read != 0
            case .store: return configuration & Self.write != 0
            }
        }
        return privilege == .machine
    }

    /// What a read of pmpaddr `index` gives for the stored value (§3.7.1 on granularity).
    func visibleAddress(_ index: Int) -> UInt64 {
        let value = addresses[index]
        return configurations[index] & Self.powerOfTwo == Self.powerOfTwo
            ? value | ((1 << (Self.grainExponent - 1)) - 1) : value & ~((1 << Self.grainExponent) - 1)
    }

    /// The configuration after `written` was written over `old`.
    static func configuration(_ written: UInt8, over old: UInt8) -> UInt8 {
        if old & locked != 0 { return old }
        var new = written & ~0x60
        // Write without read is reserved, and four bytes are less than the grain: both keep what was there.
        if new & (read | write) == write { new = new & ~(read | write) | old & (read | write) }
        if new & modeMask == fourBytes { new = new & ~modeMask | old & modeMask }
        return new
    }

    /// Whether pmpaddr `index` cannot be written.
    func isAddressLocked(_ index: Int) -> Bool {
        if configurations[index] & Self.locked != 0 { return true }
        guard index + 1 < configurations.count else { return false }
        let next = configurations[index + 1]
        return next & Self.locked != 0 && next & Self.modeMask == Self.topOfRange
    }
}
