import CLinux
public import Environment
public import GuestMemory
public import MachineModel
public import SystemCalls

/// The harts of one machine and the threads that run them.
public final class RISCVEngine: GuestEngine {
    /// Name of the engine for status and logs.
    public let name = "riscv64"
    let harts: [Hart]
    let environment: HartEnvironment
    private let runState: RunGate
    private let threads: [Thread]
    private let threadNumbers: ThreadGate<[Int32]>
    /// Which pages harts have dirtied, while they are counted.
    let counted: DirtyTracker

    /// Makes one hart for each element of `interrupts`, all stopped until `reset`, and their threads, which stand
    /// until `resume`.
    ///
    /// `onRequest` is called on a hart's thread without any lock held. It must return soon and must not pause the
    /// engine itself; the hart that asked stands still until the next `reset`.
    public init(
        memory: GuestMemory, bus: Bus, interrupts: [InterruptInputs], clock: GuestClock,
        binaryInterface: BinaryInterface, onRequest: @escaping @Sendable (GuestRequest) -> Void
    ) throws(SystemError) {
        precondition((1...EngineRISCV.maximumHartCount).contains(interrupts.count))
        counted = try memory.makeTracker(of: .vCPUs)
        runState = RunGate(hartCount: interrupts.count)
        let shared = HartEnvironment(
            memory: memory, bus: bus, clock: clock, binaryInterface: binaryInterface,
            hartCount: interrupts.count, onRequest: onRequest)
        var harts: [Hart] = []
        for (index, inputs) in interrupts.enumerated() {
            harts.append(Hart(identifier: index, inputs: inputs, environment: shared))
        }
        shared.connect(harts)
        environment = shared
        self.harts = harts
        let numbers = ThreadGate([Int32](repeating: 0, count: harts.count))
        threadNumbers = numbers
        var threads: [Thread] = []
        for (index, hart) in harts.enumerated() {
            let gate = runState
            threads.append(
                try Thread(name: "hart \(hart.identifier)") {
                    numbers.withLock { $0[index] = clinux_gettid() }
                    hart.threadBody(gate)
                })
        }
        self.threads = threads
    }

    /// Number of harts.
    public var vCPUCount: Int { harts.count }

    /// The numbers of the harts' threads. Waits for threads that were made a moment ago and have not begun yet.
    public var threadIDs: [Int32] { threadNumbers.wait { $0.contains(0) ? nil : $0 } ?? [] }

    /// Puts the harts into their first state; `resets` has one element for each. Only while paused.
    public func reset(_ resets: [HartReset]) {
        precondition(resets.count == harts.count)
        for (hart, reset) in zip(harts, resets) { hart.reset(to: reset) }
    }

    /// Lets all harts run.
    public func resume() { runState.resume() }

    /// Stops all harts at an instruction boundary.
    public func pause(until deadline: Nanoseconds) throws(PauseTimeout) {
        try pause(until: deadline, lettingRest: false)
    }

    /// The same, but harts that wait for an interrupt are not woken for it.
    public func pauseToLook(until deadline: Nanoseconds) throws(PauseTimeout) {
        try pause(until: deadline, lettingRest: true)
    }

    private func pause(until deadline: Nanoseconds, lettingRest: Bool) throws(PauseTimeout) {
        let busy = runState.pause(until: deadline, lettingRest: lettingRest) { harts[$0].interruptExecution() }
        guard busy.isEmpty else { throw PauseTimeout(busy: busy.map { harts[$0].activity }) }
    }

    /// Stops all harts for good, without waiting for them.
    public func retire() { runState.end(wake: interruptHarts) }

    /// Calls `body` once when every hart waits for an interrupt.
    public func watchRest(_ body: @escaping @Sendable () -> Void) { environment.restWatch.watch(body) }

    private func interruptHarts() { for hart in harts { hart.interruptExecution() } }

    /// Empties the write TLBs of all harts.
    public func forgetWritePermissions() { for hart in harts { hart.forgetWritePermissions() } }

    /// A page is marked where it gets into a write TLB.
    public var marksBeforeWriting: Bool { true }

    /// Empties all TLBs, and has decoded code compared with memory before it is executed again.
    public func forgetTranslations() { for hart in harts { hart.forgetTranslations() } }

    /// Instructions retired by all harts; a running hart brings its share up to date every few thousand.
    public var retiredInstructions: UInt64 { harts.reduce(0) { $0 &+ $1.retiredInstructions } }

    /// The harts.
    public var savedDevices: [any SavedDevice] { harts }

    /// Stops the harts for good and ends their threads.
    @discardableResult
    public func shutDown(until deadline: Nanoseconds) -> Bool {
        retire()
        guard runState.waitUntilStanding(deadline: deadline) else {
            // SAFETY: kept for ever on purpose. The thread that is left may run on, and its hart reaches the others
            // through references that do not keep them.
            _ = unsafe Unmanaged.passRetained(self)
            return false
        }
        for thread in threads { thread.join() }
        return true
    }

    /// Runs one hart on the calling thread for at most about `limit` instructions and returns how many it retired. It
    /// returns early when the hart is stopped, waits for a page of RAM, or waits for an interrupt and no timer is set that
    /// would bring one. Only while paused.
    public func run(hart: Int, atMost limit: UInt64) -> UInt64 { harts[hart].run(atMost: limit) }

    /// Register `index` of hart `hart`; x0 is 0. Only while paused.
    public func register(_ index: Int, hart: Int) -> UInt64 { harts[hart].register(index) }

    /// The program counter of hart `hart`. Only while paused.
    public func programCounter(hart: Int) -> UInt64 { harts[hart].programCounter }
}
