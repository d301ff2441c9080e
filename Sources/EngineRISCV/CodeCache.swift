import Glibc

/// The decoded pages of one hart, by physical page.
///
/// A page is decoded from a copy made when it is first executed, and only as far as it is executed. `fence.i` makes
/// the hart compare each page with its copy before it executes it again: so stores, DMA and other harts need not know
/// which pages hold code, and a fence without a change costs a comparison, not a decode.
final class CodeCache {
    private var pages: [UInt64: CodePage] = [:]
    private var generation: UInt64 = 1

    deinit { for page in pages.values { page.deallocate() } }

    /// The slots of the page at physical address `address`, which is `offset` in RAM.
    func slots(of address: UInt64, at offset: Int, in ram: HartRAM) -> SlotCursor {
        if let page = pages[address] {
            if page.generation != generation {
                if !page.isCopy(of: offset, in: ram) { page.fill(from: offset, in: ram) }
                page.generation = generation
            }
            return page.slots
        }
        let page = CodePage.allocate()
        page.fill(from: offset, in: ram)
        page.generation = generation
        pages[address] = page
        return page.slots
    }

    /// Whether the next new page would exceed the limit. Then `removeAll`, with all translations forgotten.
    var isFull: Bool { pages.count >= HartLimits.codePageCount }

    /// Throws all pages away. No cursor may be in use.
    func removeAll() {
        for page in pages.values { page.deallocate() }
        pages.removeAll()
    }

    /// Makes every page be compared with memory before it is handed out again.
    func expire() { generation &+= 1 }

    /// Decodes the slot `index` of the page whose first slot is `slots`.
    static func decode(_ slots: SlotCursor, index: Int) {
        let page = CodePage(slots: slots)
        let low = page.halfWord(index)
        let slot = slots + index
        if low & 3 != 3 {
            slot.pointee = Decoder.decodeCompressed(low, offset: index * 2)
        } else if index == CodePage.slotCount - 1 {
            slot.pointee = DecodedInstruction(.crossing, immediate: Int32(low))
        } else {
            slot.pointee = Decoder.decode(UInt32(page.halfWord(index + 1)) << 16 | UInt32(low), offset: index * 2)
        }
    }
}

/// The memory of one decoded page: its slots, the generation at which it was last compared with RAM, and the copy of
/// the bytes that it was decoded from.
///
/// SAFETY: a page is `size` bytes, aligned for slots, which come first, so that the cursor to the first of them is the
/// page; it is freed by its cache only. Each offset below is a constant within `size`, or an index that is checked.
@safe struct CodePage {
    static let slotCount = 2048
    /// The slots and two behind them that lead out of the page.
    private static let slotBytes = (slotCount + 2) * 8
    private static let generationOffset = slotBytes
    private static let copyOffset = slotBytes + 8
    private static let size = copyOffset + 4096

    private let start: UnsafeMutableRawPointer

    /// A page with undecoded slots, none of which has a copy yet.
    static func allocate() -> CodePage { unsafe CodePage(start: .allocate(byteCount: size, alignment: 64)) }

    /// A page whose slots all say `redirect`; the interpreter executes single instructions in its last slot.
    static func allocateScratch() -> CodePage {
        let page = allocate()
        for index in 0..<slotCount + 2 { (page.slots + index).pointee = DecodedInstruction(.redirect) }
        return page
    }

    private init(start: UnsafeMutableRawPointer) { unsafe self.start = unsafe start }

    init(slots: SlotCursor) { unsafe start = unsafe slots.page }

    func deallocate() { unsafe start.deallocate() }

    var slots: SlotCursor { unsafe SlotCursor(first: start.assumingMemoryBound(to: DecodedInstruction.self)) }

    var generation: UInt64 {
        get { unsafe start.load(fromByteOffset: Self.generationOffset, as: UInt64.self) }
        nonmutating set { unsafe start.storeBytes(of: newValue, toByteOffset: Self.generationOffset, as: UInt64.self) }
    }

    /// The 16 bits of code that the slot `index` stands for.
    func halfWord(_ index: Int) -> UInt16 {
        precondition(index >= 0 && index < Self.slotCount, "a slot of the page")
        return unsafe start.load(fromByteOffset: Self.copyOffset + index * 2, as: UInt16.self)
    }

    func isCopy(of offset: Int, in ram: HartRAM) -> Bool {
        unsafe memcmp(start + Self.copyOffset, ram.page(offset), 4096) == 0
    }

    /// Takes a copy of the page at `offset` in RAM, and leaves every slot undecoded.
    func fill(from offset: Int, in ram: HartRAM) {
        // A slot of zeroes is `undecoded`.
        unsafe memset(start, 0, Self.slotBytes)
        (slots + Self.slotCount).pointee = DecodedInstruction(.redirect)
        (slots + (Self.slotCount + 1)).pointee = DecodedInstruction(.redirect)
        unsafe memcpy(start + Self.copyOffset, ram.page(offset), 4096)
    }
}
