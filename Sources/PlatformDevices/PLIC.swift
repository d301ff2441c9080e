public import MachineModel

/// The platform-level interrupt controller (RISC-V PLIC spec 1.0) with level inputs 1 to 63. Each hart has two
/// contexts, machine (2·hart) and supervisor (2·hart + 1), which drive its MEIP and SEIP.
///
/// A gateway latches: once an input was seen high it stays pending until a context claims it, and is looked at again
/// when that context completes it.
public final class PLIC: MemoryMappedDevice, InterruptController, SavedDevice, @unchecked Sendable {
    // SAFETY: every field is touched only with the machine lock held or the machine paused.
    struct Context: Equatable {
        var enabled: UInt64 = 0
        var threshold: UInt32 = 0
    }
    /// What it has seen of its inputs and what the guest has set.
    public struct State: Equatable, Sendable {
        var levels: UInt64 = 0
        var pending: UInt64 = 0
        var claimed: UInt64 = 0
        var priorities: [UInt32]
        var contexts: [Context]
    }

    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    /// The section of its state.
    public let identity = DeviceIdentity(name: "riscv-plic")
    private let harts: [InterruptInputs]
    private var state: State

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x60_0000
    /// The number of inputs, source 0 (which means "none") not counted.
    public static let sourceCount = 63
    /// The largest priority a source can have.
    public static let maximumPriority: UInt32 = 7

    private static let pendingOffset: UInt64 = 0x1000
    private static let enableOffset: UInt64 = 0x2000
    private static let enableStride: UInt64 = 0x80
    private static let contextOffset: UInt64 = 0x20_0000
    private static let contextStride: UInt64 = 0x1000
    private static let machineBit = 11
    private static let supervisorBit = 9

    /// The controller that interrupts `harts`, with its registers from `base` on.
    public init(base: UInt64, harts: [InterruptInputs]) {
        range = base..<base + Self.size
        self.harts = harts
        state = Self.powerOnState(hartCount: harts.count)
    }

    private static func powerOnState(hartCount: Int) -> State {
        State(
            priorities: Array(repeating: 0, count: sourceCount + 1),
            contexts: Array(repeating: Context(), count: 2 * hartCount))
    }

    /// Masks everything and forgets what was pending. Only while the machine is paused.
    public func resetToPowerOn() {
        state = Self.powerOnState(hartCount: harts.count)
        driveOutputs()
    }

    /// Sets the level of an input.
    public func setLevel(source: Int, _ high: Bool) {
        precondition(source > 0 && source <= Self.sourceCount, "no such interrupt source")
        let bit = UInt64(1) << UInt64(source)
        state.levels = high ? state.levels | bit : state.levels & ~bit
        latch()
        driveOutputs()
    }

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 {
        guard offset % 4 == 0, width >= 4 else { return 0 }
        switch offset {
        case ..<Self.pendingOffset:
            let source = Int(offset / 4)
            return source <= Self.sourceCount ? UInt64(state.priorities[source]) : 0
        case Self.pendingOffset..<Self.pendingOffset + 8:
            return half(of: state.pending, Int(offset - Self.pendingOffset) / 4)
        case Self.enableOffset..<Self.contextOffset:
            guard let (context, word) = enableWord(at: offset) else { return 0 }
            return half(of: state.contexts[context].enabled, word)
        case Self.contextOffset...:
            let context = Int((offset - Self.contextOffset) / Self.contextStride)
            guard context < state.contexts.count else { return 0 }
            switch offset % Self.contextStride {
            case 0: return UInt64(state.contexts[context].threshold)
            case 4: return UInt64(claim(for: context))
            default: return 0
            }
        default: return 0
        }
    }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        guard offset % 4 == 0, width >= 4 else { return }
        let word = UInt32(truncatingIfNeeded: value)
        switch offset {
        case ..<Self.pendingOffset:
            let source = Int(offset / 4)
            guard source > 0, source <= Self.sourceCount else { return }
            state.priorities[source] = word & Self.maximumPriority
        case Self.enableOffset..<Self.contextOffset:
            guard let (context, index) = enableWord(at: offset) else { return }
            setEnabled(context, word: index, word)
        case Self.contextOffset...:
            let context = Int((offset - Self.contextOffset) / Self.contextStride)
            guard context < state.contexts.count else { return }
            switch offset % Self.contextStride {
            case 0: state.contexts[context].threshold = word & Self.maximumPriority
            case 4: complete(source: Int(word), for: context)
            default: return
            }
        default: return
        }
        driveOutputs()
    }

    private func half(of bits: UInt64, _ word: Int) -> UInt64 { bits >> UInt64(32 * word) & 0xffff_ffff }

    private func enableWord(at offset: UInt64) -> (context: Int, word: Int)? {
        let context = Int((offset - Self.enableOffset) / Self.enableStride)
        let word = Int((offset - Self.enableOffset) % Self.enableStride / 4)
        return context < state.contexts.count && word < 2 ? (context, word) : nil
    }

    private func setEnabled(_ context: Int, word: Int, _ value: UInt32) {
        let shift = UInt64(32 * word)
        let cleared = state.contexts[context].enabled & ~(0xffff_ffff << shift)
        state.contexts[context].enabled = (cleared | UInt64(value) << shift) & ~1
    }

    /// Lets the gateways forward what is high and not on its way already.
    private func latch() { state.pending |= state.levels & ~state.claimed }

    /// The source that `context` would be given: of those pending and enabled the one with the highest priority, and
    /// of equals the one with the lowest number; 0 if there is none. The threshold masks only the notification.
    private func best(for context: Int) -> Int {
        var candidates = state.pending & state.contexts[context].enabled
        var best = 0
        while candidates != 0 {
            let source = candidates.trailingZeroBitCount
            candidates &= candidates &- 1
            if state.priorities[source] > state.priorities[best] { best = source }
        }
        return best
    }

    private func claim(for context: Int) -> Int {
        let source = best(for: context)
        guard source != 0 else { return 0 }
        let bit = UInt64(1) << UInt64(source)
        state.pending &= ~bit
        state.claimed |= bit
        driveOutputs()
        return source
    }

    private func complete(source: Int, for context: Int) {
        guard source > 0, source <= Self.sourceCount else { return }
        let bit = UInt64(1) << UInt64(source)
        guard state.contexts[context].enabled & bit != 0 else { return }
        state.claimed &= ~bit
        latch()
    }

    private func driveOutputs() {
        for context in state.contexts.indices {
            let inputs = harts[context / 2]
            let bit = context % 2 == 0 ? Self.machineBit : Self.supervisorBit
            let high = state.priorities[best(for: context)] > state.contexts[context].threshold
            if (inputs.levels >> UInt64(bit) & 1 == 1) != high { inputs.set(bit: bit, high) }
        }
    }

    /// Visits the state.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> State {
        var saved = state
        try fields.number("levels", &saved.levels)
        try fields.number("pending", &saved.pending)
        try fields.number("claimed", &saved.claimed)
        let sources = try fields.count("num_sources", Self.sourceCount)
        try fields.room(for: Int(sources) * 4)
        try fields.array("priority", &saved.priorities, from: 1, count: Int(sources))
        let contexts = try fields.count("num_contexts", state.contexts.count)
        try fields.room(for: Int(contexts) * 12)
        if Visitor.isLoading { saved.contexts = [] }
        try fields.structures("contexts", of: "riscv-plic/context", count: Int(contexts)) {
            (fields, index) throws(Visitor.Failure) in
            var context = Visitor.isLoading ? Context() : state.contexts[index]
            try fields.number("enable", &context.enabled)
            try fields.number("threshold", &context.threshold)
            if Visitor.isLoading { saved.contexts.append(context) }
        }
        if Visitor.isLoading { try check(saved, &fields) }
        return saved
    }

    private func check<Visitor: StateVisitor>(_ saved: State, _ fields: inout Visitor) throws(Visitor.Failure) {
        let sources = saved.priorities.count
        try fields.check(sources == state.priorities.count, "plic.sources", "\(sources - 1)")
        let contexts = saved.contexts.count
        try fields.check(contexts == state.contexts.count, "plic.contexts", "\(contexts)")
        try fields.check((saved.levels | saved.pending | saved.claimed) & 1 == 0, "plic.source0", "1")
        try fields.check(saved.pending & saved.claimed == 0, "plic.claimed", "\(saved.claimed)")
        for priority in saved.priorities {
            try fields.check(priority <= Self.maximumPriority, "plic.priority", "\(priority)")
        }
        for context in saved.contexts {
            try fields.check(context.threshold <= Self.maximumPriority, "plic.threshold", "\(context.threshold)")
            try fields.check(context.enabled & 1 == 0, "plic.enabled", "\(context.enabled)")
        }
    }

    /// Makes a loaded state current.
    public func restore(_ saved: State) {
        state = saved
        driveOutputs()
    }
}
