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
enum PMP {
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

    // SAFETY: the pointers below are the hart's own, to `HartLimits.pmpCount` elements each.

    /// Whether the page of `address` may be accessed that way.
    static func allows(
        _ address: UInt64, _ access: MemoryAccess, _ privilege: PrivilegeMode,
        _ addresses: UnsafeMutablePointer<UInt64>, _ configurations: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let page = address >> 12
        var bottom: UInt64 = 0
        for index in 0..<HartLimits.pmpCount {
            let configuration = configurations[index]
            let value = addresses[index]
            let top = value >> grainExponent
            defer { bottom = top }
            let matches: Bool
            switch configuration & modeMask {
            case topOfRange: matches = page >= bottom && page < top
            case powerOfTwo:
                let ones = (value | ((1 << (grainExponent - 1)) - 1))
                let span = ones ^ (ones &+ 1)
                matches = (address >> 2 ^ ones) & ~span == 0
            default: matches = false
            }
            guard matches else { continue }
            if privilege == .machine, configuration & locked == 0 { return true }
            switch access {
            case .fetch: return configuration & execute != 0
            case .load: return configuration & read != 0
            case .store: return configuration & write != 0
            }
        }
        return privilege == .machine
    }

    /// What a read of pmpaddr gives for the stored value (§3.7.1 on granularity).
    static func visibleAddress(_ value: UInt64, _ configuration: UInt8) -> UInt64 {
        configuration & powerOfTwo == powerOfTwo
            ? value | ((1 << (grainExponent - 1)) - 1) : value & ~((1 << grainExponent) - 1)
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
    static func isAddressLocked(_ index: Int, _ configurations: UnsafeMutablePointer<UInt8>) -> Bool {
        if configurations[index] & locked != 0 { return true }
        guard index + 1 < HartLimits.pmpCount else { return false }
        let next = configurations[index + 1]
        return next & locked != 0 && next & modeMask == topOfRange
    }
}
