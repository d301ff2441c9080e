/// # The riscv64 engine
///
/// A software RV64GC machine: RV64IMAFDC with Zicsr, Zifencei, Zicntr and Sstc; M, S and U modes, Sv39 with hardware
/// A and D bits, physical memory protection with a grain of one page, and several harts, one thread each.
///
/// Public surface:
/// - `RISCVEngine(memory:bus:interrupts:clock:binaryInterface:onRequest:)` makes the harts, all stopped. One
///   `InterruptInputs` a hart; RAM is what `GuestMemory` holds, everything else is asked of the `Bus`.
/// - `reset(_:)` (while paused) puts every hart into the state of a `HartReset`: program counter, privilege, a0, a1.
///   With the built-in SBI start hart 0 in S-mode at the kernel's entry (a0 = hart id, a1 = device tree) and leave the
///   others `.stopped`; with firmware start all of them in M-mode.
/// - `GuestEngine`: `resume`, `pause`, `forgetWritePermissions`, `forgetTranslations`, `savedDevices`, `shutDown`.
/// - `run(hart:atMost:)` executes one hart on the calling thread while the engine is paused: for tools and tests.
/// - `BinaryInterface.builtIn(console:)` makes the engine answer SBI calls itself: BASE, TIME, IPI, RFENCE, HSM, SRST,
///   DBCN. `.firmware` lets an `ecall` from S-mode trap into M-mode, where the guest's firmware answers.
///
/// Interrupts: `InterruptInputs.levels` bits 1 (SSIP), 3 (MSIP), 9 (SEIP), 11 (MEIP); MTIP is high while the guest clock
/// is at or past `InterruptInputs.timerCompare`. STIP follows stimecmp (Sstc), which is also what SBI set_timer sets.
///
/// What the guest may assume, for the device tree: rv64imafdc_zicntr_zicsr_zifencei_sstc, mmu-type riscv,sv39, misaligned
/// loads and stores work (fast), `time` counts at `GuestClock.frequency`. No ASIDs (satp.ASID reads as zero).
///
/// How it works:
/// - `Decoder` turns an instruction into a slot of eight bytes; `CodeCache` keeps the slots of each physical page that
///   was executed, with a copy of the page they were decoded from. After `fence.i` a page is compared with its copy
///   before it is executed again, so nobody has to tell the cache about stores, DMA or loaded state.
/// - `Interpreter` is one loop over slots. It counts instructions down and looks at the count at jumps only. It leaves
///   for everything that is rare: `LoopExit` says why, and `Hart+Execution` goes on from there.
/// - `TranslationTables` are software TLBs, one for each way of looking at memory, for loads, stores and code. A page
///   gets into the table for stores only after it was marked in the dirty log (`Hart+Translation`), hence dirty
///   tracking costs nothing per store, and `forgetWritePermissions` begins the next epoch.
/// - A slice is a few thousand instructions. Between slices a hart looks for the wish to pause, fences of other harts,
///   interrupts and timers. So it stands at an instruction boundary within a fraction of a millisecond.
/// - `HartPace` slows a hart down: `setThrottle` gives it a part of its time, a dirty limit (`VCPUDirtyMeter`) a number of
///   pages a second. Newly dirtied pages are counted where a page gets into the table for stores, `rearm` empties that
///   table and makes every page clean again. A resting hart waits as one in wfi does, so it stands as fast.
/// - A page that has not come yet (`GuestMemory.isPartial`) is asked for where a table would be filled with it, and the hart
///   sleeps at the boundary before that instruction (`Hart+Residency`). What is in a table is here.
/// - Floating point is the host's, with its rounding mode and exception flags; `SoftFloat` rounds ties away from zero,
///   which hosts cannot, and converts.
/// - A hart is a `SavedDevice` ("riscv-hart"): registers and control registers; everything cached is built anew.
public enum EngineRISCV {
    /// The ISA string of a hart, as the device tree's deprecated `riscv,isa` wants it.
    public static let isaString = "rv64imafdc_zicntr_zicsr_zifencei_sstc"
    /// The same as a list, for `riscv,isa-extensions`.
    public static let isaExtensions = ["i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"]
    /// The most harts of one machine.
    public static let maximumHartCount = 64
}

/// A privilege mode (RISC-V privileged spec 1.12 §1.2).
public enum PrivilegeMode: UInt8, Sendable {
    /// U-mode.
    case user = 0
    /// S-mode.
    case supervisor = 1
    /// M-mode.
    case machine = 3
}

/// The state in which a hart begins. All else is as after a hardware reset.
public struct HartReset: Sendable, Equatable {
    /// Address of the first instruction; physical, as translation is off.
    public var pc: UInt64
    /// The mode it begins in.
    public var privilege: PrivilegeMode
    /// x10; the hart id by convention.
    public var a0: UInt64
    /// x11; the address of the device tree by convention.
    public var a1: UInt64
    /// x12; the address of OpenSBI's fw_dynamic_info where that firmware is used.
    public var a2: UInt64
    /// Whether it runs at once, or waits for a call of SBI's hart state management.
    public var isStarted: Bool

    /// A hart that begins at `pc`.
    public init(
        pc: UInt64, privilege: PrivilegeMode, a0: UInt64 = 0, a1: UInt64 = 0, a2: UInt64 = 0, isStarted: Bool = true
    ) {
        self.pc = pc
        self.privilege = privilege
        self.a0 = a0
        self.a1 = a1
        self.a2 = a2
        self.isStarted = isStarted
    }

    /// A secondary hart that waits to be started through SBI.
    public static let stopped = HartReset(pc: 0, privilege: .supervisor, isStarted: false)
}

/// Who answers an `ecall` from S-mode.
public enum BinaryInterface: Sendable {
    /// The guest's own firmware in M-mode: the call traps as the ISA says.
    case firmware
    /// The engine (SBI 2.0). `console` gets what the guest writes to the debug console, on the thread of the hart and
    /// without any lock held.
    case builtIn(console: @Sendable ([UInt8]) -> Void)
}
