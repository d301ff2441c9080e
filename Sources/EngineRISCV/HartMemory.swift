import Synchronization

// What a hart reaches in its loop: registers, translation tables, decoded slots, RAM. These types are the fence around
// the engine's pointers: everything outside them is checked by the compiler. None of them owns what it points to; the
// `Hart` allocates it in its initializer, frees it in its deinitializer, and outlives every use.

/// The one instance of something that changes while the hart runs, reached with one load and no check.
///
/// SAFETY: the pointer is made by `init(allocating:)`, is initialized from then on, and is used only while the hart
/// lives, on the thread that owns the hart's state.
@safe struct HartReference<Value> {
    private let pointer: UnsafeMutablePointer<Value>

    init(allocating value: Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    func deallocate() { unsafe pointer.deallocate() }

    var pointee: Value {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer) }
        @inline(__always) nonmutating unsafeMutableAddress { unsafe pointer }
    }
}

/// 64-bit registers by number.
///
/// SAFETY: there is a cell for every `UInt8`, so that no index needs a check.
@safe struct RegisterFile {
    private let cells: UnsafeMutablePointer<UInt64>
    private static let count = Int(UInt8.max) + 1

    static func allocate() -> RegisterFile { unsafe RegisterFile(cells: .allocate(capacity: count)) }

    private init(cells: UnsafeMutablePointer<UInt64>) {
        unsafe self.cells = unsafe cells
        clear()
    }

    func clear() { unsafe cells.initialize(repeating: 0, count: Self.count) }

    func deallocate() { unsafe cells.deallocate() }

    subscript(_ number: UInt8) -> UInt64 {
        @inline(__always) get { unsafe cells[Int(number)] }
        @inline(__always) nonmutating set { unsafe cells[Int(number)] = newValue }
    }
}

/// A table of a software TLB, by the address that an entry is for.
///
/// SAFETY: a table has `HartLimits.translationCount` entries, a power of two, and every index is masked with that.
@safe struct TranslationTable<Entry: BitwiseCopyable> {
    private let entries: UnsafeMutablePointer<Entry>

    /// A table of its own for each of `count` contexts, side by side.
    static func allocate(_ count: Int, repeating entry: Entry) -> [TranslationTable] {
        let all = UnsafeMutablePointer<Entry>.allocate(capacity: count * HartLimits.translationCount)
        let tables = (0..<count).map { unsafe TranslationTable(entries: all + $0 * HartLimits.translationCount) }
        for table in tables { table.fill(entry) }
        return tables
    }

    private init(entries: UnsafeMutablePointer<Entry>) { unsafe self.entries = unsafe entries }

    /// Frees this table and those that were allocated with it. Of these, only the first may be asked.
    func deallocate() { unsafe entries.deallocate() }

    func fill(_ entry: Entry) { unsafe entries.update(repeating: entry, count: HartLimits.translationCount) }

    subscript(_ address: UInt64) -> Entry {
        @inline(__always) get { unsafe entries[Self.index(address)] }
        @inline(__always) nonmutating set { unsafe entries[Self.index(address)] = newValue }
    }

    @inline(__always)
    private static func index(_ address: UInt64) -> Int {
        Int(truncatingIfNeeded: (address >> 12) & UInt64(HartLimits.translationCount - 1))
    }
}

/// A place among the decoded slots of a page.
///
/// SAFETY: a cursor begins at the first slot of a page of the `CodeCache`, which frees pages only after all
/// translations to them were emptied. It stays in its page: every page ends in two `redirect` slots, which take the
/// interpreter out of it, and the decoder makes near jumps only to slots of the same page.
@safe struct SlotCursor {
    private let slot: UnsafeMutablePointer<DecodedInstruction>

    init(first slot: UnsafeMutablePointer<DecodedInstruction>) { unsafe self.slot = unsafe slot }

    /// The page's memory, from its first slot on.
    var page: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(slot) }

    var pointee: DecodedInstruction {
        @inline(__always) get { unsafe slot.pointee }
        @inline(__always) nonmutating set { unsafe slot.pointee = newValue }
    }

    @inline(__always)
    static func + (cursor: SlotCursor, count: Int) -> SlotCursor { unsafe SlotCursor(first: cursor.slot + count) }

    @inline(__always)
    static func += (cursor: inout SlotCursor, count: Int) { cursor = cursor + count }

    @inline(__always)
    static func - (cursor: SlotCursor, other: SlotCursor) -> Int { unsafe cursor.slot - other.slot }
}

/// A number in RAM that other harts may change at the same time.
///
/// SAFETY: the place lies in RAM, aligned to the number's size.
@safe struct AtomicCell<Value: AtomicRepresentable> {
    fileprivate let place: UnsafePointer<Atomic<Value>>

    init(_ place: UnsafeMutableRawPointer) {
        unsafe self.place = unsafe UnsafePointer(place.assumingMemoryBound(to: Atomic<Value>.self))
    }
}

// The standard library has atomic operations for each width, not for all at once.
extension AtomicCell where Value == UInt32 {
    // SAFETY: see `AtomicCell`.
    @inline(__always)
    func load() -> Value { unsafe place.pointee.load(ordering: .sequentiallyConsistent) }

    /// Puts `desired` there if it is `expected`; returns whether it was, and what it was.
    @inline(__always)
    func compareExchange(expected: Value, desired: Value) -> (exchanged: Bool, original: Value) {
        // SAFETY: see `AtomicCell`.
        unsafe place.pointee.compareExchange(
            expected: expected, desired: desired, ordering: .sequentiallyConsistent)
    }
}

extension AtomicCell where Value == UInt64 {
    // SAFETY: see `AtomicCell`.
    @inline(__always)
    func load() -> Value { unsafe place.pointee.load(ordering: .sequentiallyConsistent) }

    /// Puts `desired` there if it is `expected`; returns whether it was, and what it was.
    @inline(__always)
    func compareExchange(expected: Value, desired: Value) -> (exchanged: Bool, original: Value) {
        // SAFETY: see `AtomicCell`.
        unsafe place.pointee.compareExchange(
            expected: expected, desired: desired, ordering: .sequentiallyConsistent)
    }
}

/// RAM as the hart sees it: by offsets from the first block, in the host's address space.
///
/// SAFETY: offsets come from `Hart.ramOffset`, which makes them for whole pages of RAM only, or from a translation that
/// it made; the caller keeps each access within its page. RAM lives as long as the machine.
@safe struct HartRAM {
    private let base: UnsafeMutableRawPointer

    init(base: UnsafeMutableRawPointer) { unsafe self.base = unsafe base }

    @inline(__always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
        unsafe (base + offset).loadUnaligned(as: type)
    }

    @inline(__always)
    func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, _ offset: Int) {
        unsafe (base + offset).storeBytes(of: value, as: Value.self)
    }

    /// The 32 bits at an aligned offset.
    @inline(__always)
    func word(_ offset: Int) -> AtomicCell<UInt32> { unsafe AtomicCell(base + offset) }

    /// The 64 bits at an aligned offset.
    @inline(__always)
    func doubleWord(_ offset: Int) -> AtomicCell<UInt64> { unsafe AtomicCell(base + offset) }

    /// The bytes of the page at `offset`.
    func page(_ offset: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(base + offset) }

    /// The offset of a byte of another block.
    func offset(of place: UnsafeMutableRawPointer) -> Int { unsafe base.distance(to: place) }
}
