import Environment
import GuestMemory
import MachineModel
import Synchronization
import SystemCalls

/// What the harts of one machine share.
final class HartEnvironment: @unchecked Sendable {
    // SAFETY: `harts` is written once, by `connect`, before any hart's thread exists.
    let memory: GuestMemory
    let bus: Bus
    let clock: GuestClock
    let binaryInterface: BinaryInterface
    let onRequest: @Sendable (GuestRequest) -> Void
    let restWatch: RestWatch
    /// How long harts wait for pages, while that is measured.
    let blocktime = Mutex<BlocktimeMeter?>(nil)
    /// All addends of the TLBs are relative to the first block.
    let ram: HartRAM
    private(set) var harts: [Unowned] = []

    /// A hart that is kept alive by the engine.
    struct Unowned { unowned let hart: Hart }

    init(
        memory: GuestMemory, bus: Bus, clock: GuestClock, binaryInterface: BinaryInterface, hartCount: Int,
        onRequest: @escaping @Sendable (GuestRequest) -> Void
    ) {
        restWatch = RestWatch(hartCount: hartCount)
        precondition(!memory.blocks.isEmpty, "a riscv64 machine has RAM")
        self.memory = memory
        self.bus = bus
        self.clock = clock
        self.binaryInterface = binaryInterface
        self.onRequest = onRequest
        // SAFETY: the first block's RAM lives as long as `memory`.
        ram = unsafe HartRAM(base: memory.blocks[0].base)
    }

    func connect(_ harts: [Hart]) { self.harts = harts.map { Unowned(hart: $0) } }
}

/// One hart: its state, its tables, and the loop around the interpreter.
///
/// All methods run on the hart's own thread, or on a controlling thread while the hart stands; the handshake of
/// `RunGate` orders the two. What other harts may touch is atomic and named so.
final class Hart: @unchecked Sendable {
    // SAFETY: see above; all mutable state is behind `state`, in `codeCache`, or atomic.
    let identifier: Int
    let inputs: InterruptInputs
    let environment: HartEnvironment
    let state: HartReference<HartState>
    let scratch: CodePage
    let codeCache = CodeCache()
    let tables: TranslationTables
    /// Which pieces of 2 MiB hold entries that come from a page of that size, by the low bits of their number.
    var largePages = InlineArray<1024, Bool>(repeating: false)
    private let memory: GuestMemory
    private let dirtyLog: DirtyLog
    private let ramStart: UInt64
    private let ramSize: UInt64
    /// Retired instructions, for readers on other threads; brought up to date after each slice.
    let publishedRetired = Atomic<UInt64>(0)
    /// Between two slices others may rely on this hart to look at `remoteFences` before it runs on.
    let isExecuting = Atomic<Bool>(false)
    /// Fences that other harts ask for through SBI; bits of `RemoteFence`.
    let remoteFences = Atomic<UInt32>(0)
    /// SBI hart state management.
    let management: HartManagement
    /// What slows this hart down, as others order it.
    let paceOrders = PaceOrders()
    /// How it keeps to that. Only the hart itself touches it.
    var pace = HartPace()
    /// Pages that this hart dirtied while they were counted.
    let dirtiedPages = Atomic<UInt64>(0)
    /// The page that this hart waits for, if it does. Only the hart itself touches it.
    var pageWait: HartPageWait?
    /// The address of the device access that this hart is in, plus one; 0 while it is in none.
    private let deviceAccess = Atomic<UInt64>(0)

    init(identifier: Int, inputs: InterruptInputs, environment: HartEnvironment) {
        self.identifier = identifier
        self.inputs = inputs
        self.environment = environment
        tables = TranslationTables()
        scratch = CodePage.allocateScratch()
        memory = environment.memory
        let main = environment.memory.blocks[0]
        dirtyLog = main.dirtyLog
        ramStart = main.guestAddress
        ramSize = UInt64(main.size)
        management = HartManagement()
        state = HartReference(
            allocating: HartState(
                x: .allocate(), f: .allocate(), loads: tables.loads(.machine), stores: tables.stores(.machine),
                code: tables.code(.machine), ram: environment.ram))
        reset(to: .stopped)
    }

    deinit {
        state.pointee.x.deallocate()
        state.pointee.f.deallocate()
        state.deallocate()
        scratch.deallocate()
    }

    /// The state after a hardware reset, but for what `reset` says.
    func reset(to reset: HartReset) {
        let s = state
        let old = s.pointee
        old.x.clear()
        old.f.clear()
        s.pointee = HartState(
            x: old.x, f: old.f, loads: old.loads, stores: old.stores, code: old.code, ram: old.ram)
        s.pointee.retired = old.retired
        s.pointee.minstretOffset = 0 &- old.retired
        s.pointee.mcycleOffset = 0 &- old.retired
        s.pointee.pc = reset.pc
        s.pointee.privilege = reset.privilege
        s.pointee.mstatus = StatusBits.fixed
        old.x[10] = reset.a0
        old.x[11] = reset.a1
        old.x[12] = reset.a2
        inputs.restore(levels: 0)
        inputs.setTimerCompare(.max)
        if case .builtIn = environment.binaryInterface { prepareForSupervisor() }
        management.restore(reset.isStarted ? .started : .stopped)
        giveUpPageWait()
        forgetTranslations()
        updateContext()
    }

    /// What firmware would have set up before it enters S-mode: everything delegated, all memory and counters open.
    private func prepareForSupervisor() {
        let s = state
        s.pointee.medeleg = RegisterMasks.medeleg & ~(1 << ExceptionCause.supervisorCall)
        s.pointee.mideleg = RegisterMasks.supervisorInterrupts
        s.pointee.mcounteren = RegisterMasks.counters
        // Kernels rely on firmware for this one: without it `rdtime` is illegal in user programs.
        s.pointee.scounteren = RegisterMasks.counters
        s.pointee.menvcfg = EnvironmentBits.supervisorTimer
        s.pointee.protection.addresses[0] = RegisterMasks.pmpAddress
        s.pointee.protection.configurations[0] = PMP.openConfiguration
    }

    /// Makes the hart look up from a wait for an interrupt.
    func interruptExecution() { inputs.wake() }

    /// What the hart does now, as far as others can tell.
    var activity: PauseTimeout.Busy {
        let access = deviceAccess.load(ordering: .relaxed)
        return PauseTimeout.Busy(vCPU: identifier, deviceAddress: access == 0 ? nil : access - 1)
    }

    /// Loads from a device; nil if there is none.
    func loadFromBus(_ address: UInt64, width: Int) -> UInt64? {
        deviceAccess.store(address &+ 1, ordering: .relaxed)
        defer { deviceAccess.store(0, ordering: .relaxed) }
        return environment.bus.load(address, width: width)
    }

    /// Stores into a device; false if there is none.
    func storeToBus(_ address: UInt64, width: Int, value: UInt64) -> Bool {
        deviceAccess.store(address &+ 1, ordering: .relaxed)
        defer { deviceAccess.store(0, ordering: .relaxed) }
        return environment.bus.store(address, width: width, value: value)
    }

    var retiredInstructions: UInt64 { publishedRetired.load(ordering: .relaxed) }

    func register(_ index: Int) -> UInt64 { index == 0 ? 0 : state.pointee.x[UInt8(index & 31)] }

    func floatRegister(_ index: Int) -> UInt64 { state.pointee.f[UInt8(index & 31)] }

    var programCounter: UInt64 { state.pointee.pc }

    func forgetWritePermissions() { tables.emptyStores() }

    func forgetTranslations() {
        state.pointee.filledContexts = .max
        flushTranslations()
        codeCache.expire()
    }

    /// Chooses the tables and the floating-point switch that privilege and mstatus ask for now.
    func updateContext() {
        let s = state
        let status = s.pointee.mstatus
        let privilege = s.pointee.privilege
        var data = privilege
        if privilege == .machine, status & StatusBits.mprv != 0 {
            data = PrivilegeMode(rawValue: UInt8(status >> 11 & 3)) ?? .user
        }
        let context: TranslationContext
        switch data {
        case .machine: context = .machine
        case .supervisor: context = status & StatusBits.sum != 0 ? .supervisorWithUserAccess : .supervisor
        case .user: context = .user
        }
        s.pointee.dataContext = context
        s.pointee.loads = tables.loads(context)
        s.pointee.stores = tables.stores(context)
        switch privilege {
        case .machine: s.pointee.codeContext = .machine
        case .supervisor: s.pointee.codeContext = .supervisor
        case .user: s.pointee.codeContext = .user
        }
        s.pointee.code = tables.code(s.pointee.codeContext)
        s.pointee.isFloatEnabled = status & StatusBits.fs != 0
    }

    /// The offset of the page at physical address `page` from the base of RAM, in the host's address space; nil if it is
    /// no RAM, or with `pageWait` set if it has not come yet. `marking` notes in the dirty log that it will be written by
    /// this hart.
    @inline(__always)
    func ramOffset(page: UInt64, marking: Bool) -> Int? {
        if memory.isPartial, mustWait(forPageAt: page) { return nil }
        let offset = page &- ramStart
        if offset < ramSize {
            if marking, dirtyLog.markByVCPU(page: Int(truncatingIfNeeded: offset) / targetPageSize) { countDirtied() }
            return Int(truncatingIfNeeded: offset)
        }
        guard let (block, inBlock) = memory.locate(page, count: targetPageSize) else { return nil }
        if marking, block.dirtyLog.markByVCPU(page: inBlock / targetPageSize) { countDirtied() }
        // SAFETY: `locate` found the whole page in the block.
        return unsafe environment.ram.offset(of: block.base + inBlock)
    }
}
