public import MachineModel

/// Machine timer and machine software interrupts of all harts (RISC-V ACLINT spec 1.0 §2 and §3), at the offsets of
/// the SiFive CLINT: MSIP words from 0, MTIMECMP doublewords from 0x4000, MTIME at 0xbff8.
///
/// MTIME is the guest clock. It cannot be written: a store to it is ignored, as no firmware needs it.
public final class ACLINT: MemoryMappedDevice, SavedDevice, @unchecked Sendable {
    // SAFETY: all that changes is atomic inside `InterruptInputs` or guarded by the machine lock.
    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    /// The section of its state.
    public let identity = DeviceIdentity(name: "riscv-aclint")
    private let harts: [InterruptInputs]
    private let clock: GuestClock

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x1_0000
    private static let compareOffset: UInt64 = 0x4000
    private static let timeOffset: UInt64 = 0xbff8
    private static let softwareInterruptBit = 3

    /// The controller of `harts`, with its registers from `base` on.
    public init(base: UInt64, harts: [InterruptInputs], clock: GuestClock) {
        range = base..<base + Self.size
        self.harts = harts
        self.clock = clock
    }

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 {
        switch offset & ~7 {
        case Self.timeOffset:
            return part(of: clock.ticks, offset: offset, width: width)
        case Self.compareOffset..<Self.timeOffset:
            let hart = Int((offset - Self.compareOffset) / 8)
            guard hart < harts.count else { return 0 }
            return part(of: harts[hart].timerCompare, offset: offset, width: width)
        default:
            let hart = Int(offset / 4)
            guard offset < Self.compareOffset, hart < harts.count, offset % 4 == 0 else { return 0 }
            return harts[hart].levels >> UInt64(Self.softwareInterruptBit) & 1
        }
    }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        if offset >= Self.compareOffset, offset < Self.timeOffset {
            let hart = Int((offset - Self.compareOffset) / 8)
            guard hart < harts.count else { return }
            switch (width, offset % 8) {
            case (8, 0): harts[hart].setTimerCompare(value)
            case (4, 0): setCompare(of: hart, mask: 0xffff_ffff, value)
            case (4, 4): setCompare(of: hart, mask: 0xffff_ffff << 32, value << 32)
            default: break
            }
        } else if offset < Self.compareOffset, offset % 4 == 0 {
            let hart = Int(offset / 4)
            guard hart < harts.count else { return }
            harts[hart].set(bit: Self.softwareInterruptBit, value & 1 == 1)
        }
    }

    private func setCompare(of hart: Int, mask: UInt64, _ value: UInt64) {
        harts[hart].setTimerCompare(harts[hart].timerCompare & ~mask | value & mask)
    }

    private func part(of value: UInt64, offset: UInt64, width: Int) -> UInt64 {
        let shifted = value >> (8 * (offset % 8))
        return width >= 8 ? shifted : shifted & (1 << UInt64(8 * width) - 1)
    }

    /// Takes all interrupts back and disarms the timers. Only while the machine is paused.
    public func resetToPowerOn() {
        for hart in harts {
            hart.setTimerCompare(.max)
            hart.set(bit: Self.softwareInterruptBit, false)
        }
    }

    /// Guest time, and the compare value and the software interrupt of each hart.
    public struct Saved: Sendable {
        fileprivate var time: UInt64
        fileprivate var harts: [(compare: UInt64, software: Bool)] = []
    }

    /// Visits the state.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Saved {
        var saved = Saved(time: clock.nanoseconds)
        try fields.number("time", &saved.time)
        let count = try fields.count("num_harts", harts.count)
        try fields.check(Int(count) == harts.count, "aclint.harts", "\(count)")
        try fields.structures("harts", of: "riscv-aclint/hart", count: harts.count) {
            (fields, index) throws(Visitor.Failure) in
            var compare = harts[index].timerCompare
            var software = harts[index].levels >> UInt64(Self.softwareInterruptBit) & 1 == 1
            try fields.number("timecmp", &compare)
            try fields.flag("msip", &software)
            if Visitor.isLoading { saved.harts.append((compare, software)) }
        }
        return saved
    }

    /// Makes a loaded state current.
    public func restore(_ saved: Saved) {
        clock.set(nanoseconds: saved.time)
        for (hart, state) in zip(harts, saved.harts) {
            hart.setTimerCompare(state.compare)
            hart.set(bit: Self.softwareInterruptBit, state.software)
        }
    }
}
