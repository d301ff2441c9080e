/// One entry of a software TLB for data: the virtual page and what to add to an address in it to get the offset from
/// the base of RAM.
struct DataTranslation {
    /// Address of the virtual page; 1, which is no page's address, if the entry is empty.
    var tag: UInt64
    var addend: Int

    static let empty = DataTranslation(tag: 1, addend: 0)
}

/// One entry of a software TLB for instructions: the virtual page and its decoded slots.
struct CodeTranslation {
    var tag: UInt64
    var slots: SlotCursor?

    static var empty: CodeTranslation { CodeTranslation(tag: 1, slots: nil) }
}

/// The software TLBs of a hart.
///
/// Each privilege that looks at memory differently has tables of its own, so that a change of privilege costs nothing:
/// S-mode twice, as user pages are in reach with SUM only.
enum TranslationContext: Int, CaseIterable {
    case user, supervisor, supervisorWithUserAccess, machine

    /// Its bit in a set of contexts.
    var bit: UInt8 { 1 << UInt8(rawValue) }
}

/// Everything of a hart that changes while it runs. It lives behind one pointer, without any object in it, so that the
/// interpreter reaches each field with one load and no check.
struct HartState {
    // What the interpreter's loop takes into locals and writes back.
    var pc: UInt64 = 0
    /// Instructions left until the hart looks for interrupts and requests; may fall below zero by a page of
    /// instructions, as only jumps look at it.
    var budget = 0
    /// `budget` at the start of the slice, to tell what was retired.
    var sliceStart = 0
    let x: RegisterFile
    let f: RegisterFile
    /// The tables of the context that data accesses and fetches use now.
    var loads: TranslationTable<DataTranslation>
    var stores: TranslationTable<DataTranslation>
    var code: TranslationTable<CodeTranslation>
    var dataContext = TranslationContext.machine
    var codeContext = TranslationContext.machine
    /// The contexts that had an entry put in since all were emptied.
    var filledContexts: UInt8 = 0
    /// The translation found last came from a page table entry of this level; 0 for pages of 4 KiB.
    var walkedLevel: UInt64 = 0
    /// Some entry comes from a page of 1 GiB.
    var hasHugePages = false
    /// The addends of the TLBs are offsets in it.
    let ram: HartRAM
    /// FS is not Off: floating-point instructions may run.
    var isFloatEnabled = false
    /// A floating-point register or fcsr changed since FS was last made Clean; folded into mstatus when that is read.
    var isFloatDirty = false
    /// The instruction at `pc` cannot be executed before a page has come (`Hart.pageWait`).
    var needsPage = false
    /// The next run begins in the scratch page.
    var beginsInScratch = false

    // What slow paths hand back.
    var instruction: UInt32 = 0
    var slowValue: UInt64 = 0
    var trapCause: UInt64 = 0
    var trapValue: UInt64 = 0

    // Counters.
    /// Instructions retired before the current slice.
    var retired: UInt64 = 0
    var minstretOffset: UInt64 = 0
    var mcycleOffset: UInt64 = 0

    // Architectural state.
    var privilege: PrivilegeMode = .machine
    var mustCheckInterrupts = true
    var isWaiting = false
    var mstatus: UInt64 = 0
    var mie: UInt64 = 0
    /// The bits of mip that software sets: STIP (without Sstc) and SEIP.
    var mipSoftware: UInt64 = 0
    var mtvec: UInt64 = 0
    var mscratch: UInt64 = 0
    var mepc: UInt64 = 0
    var mcause: UInt64 = 0
    var mtval: UInt64 = 0
    var medeleg: UInt64 = 0
    var mideleg: UInt64 = 0
    var mcounteren: UInt64 = 0
    var menvcfg: UInt64 = 0
    var stvec: UInt64 = 0
    var sscratch: UInt64 = 0
    var sepc: UInt64 = 0
    var scause: UInt64 = 0
    var stval: UInt64 = 0
    var scounteren: UInt64 = 0
    var senvcfg: UInt64 = 0
    var satp: UInt64 = 0
    var stimecmp: UInt64 = .max
    var fflags: UInt64 = 0
    var frm: UInt64 = 0
    var protection = PMP()

    /// The reservation of LR: the RAM offset it is on, negative if there is none, and the value that was loaded.
    var reservationOffset = -1
    var reservationValue: UInt64 = 0
}

/// Sizes of a hart's tables.
enum HartLimits {
    /// Entries of each software TLB; a power of two.
    static let translationCount = 256
    /// Pieces of 2 MiB told apart when a single page is taken out of the TLBs; a power of two.
    static let largePageFilter = 1024
    /// Instructions between two looks at interrupts, timers and requests. At the slowest pace of the interpreter this
    /// is well below a millisecond.
    static let sliceLength = 4096
    /// How many instructions a device access counts for in a slice.
    static let deviceAccessCost = 256
    /// Decoded pages of one hart before all are thrown away: 20 KiB each.
    static let codePageCount = 8192
}
