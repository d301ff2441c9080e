import Glibc

/// The decoded pages of one hart, by physical page.
///
/// A page is decoded from a copy made when it is first executed, and only as far as it is executed. `fence.i` makes
/// the hart compare each page with its copy before it executes it again: so stores, DMA and other harts need not know
/// which pages hold code, and a fence without a change costs a comparison, not a decode.
final class CodeCache {
    /// One decoded page; `slots` come first, so that the interpreter's pointer to them is the pointer to the page.
    struct Page {
        static let slotCount = 2048
        /// The slots, the one behind the last, and one that stays unused.
        static let slotBytes = (slotCount + 2) * 8
        static let generationOffset = slotBytes
        static let copyOffset = slotBytes + 8
        /// The copy ends in two bytes that never match an instruction's length.
        static let size = copyOffset + 4096
    }

    private var pages: [UInt64: UnsafeMutableRawPointer] = [:]
    private var generation: UInt64 = 1

    deinit { for page in pages.values { page.deallocate() } }

    /// The slots of the page at physical address `address`, whose bytes are at `bytes` now.
    func slots(
        of address: UInt64, bytes: UnsafeRawPointer
    ) -> UnsafeMutablePointer<DecodedInstruction> {
        if let page = pages[address] {
            let verified = page.loadUnaligned(fromByteOffset: Page.generationOffset, as: UInt64.self)
            if verified != generation {
                if memcmp(page + Page.copyOffset, bytes, 4096) != 0 { Self.fill(page, from: bytes) }
                page.storeBytes(of: generation, toByteOffset: Page.generationOffset, as: UInt64.self)
            }
            return Self.slots(page)
        }
        let page = UnsafeMutableRawPointer.allocate(byteCount: Page.size, alignment: 64)
        Self.fill(page, from: bytes)
        page.storeBytes(of: generation, toByteOffset: Page.generationOffset, as: UInt64.self)
        pages[address] = page
        return Self.slots(page)
    }

    /// Whether the next new page would exceed the limit. Then `removeAll`, with all translations forgotten.
    var isFull: Bool { pages.count >= HartLimits.codePageCount }

    /// Throws all pages away. No pointer to slots may be in use.
    func removeAll() {
        for page in pages.values { page.deallocate() }
        pages.removeAll()
    }

    /// Makes every page be compared with memory before it is handed out again.
    func expire() { generation &+= 1 }

    /// Decodes the slot `index` of the page that `slots` belongs to.
    static func decode(_ slots: UnsafeMutablePointer<DecodedInstruction>, index: Int) {
        // SAFETY: `index` is below `slotCount`, as the slot behind the last is never undecoded, and the copy has 4096
        // bytes; a 32-bit instruction in the last two is not read here.
        let copy = UnsafeRawPointer(slots) + Page.copyOffset
        let low = copy.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
        if low & 3 != 3 {
            slots[index] = Decoder.decodeCompressed(low, offset: index * 2)
        } else if index == Page.slotCount - 1 {
            slots[index] = DecodedInstruction(.crossing, immediate: Int32(low))
        } else {
            let high = copy.loadUnaligned(fromByteOffset: index * 2 + 2, as: UInt16.self)
            slots[index] = Decoder.decode(UInt32(high) << 16 | UInt32(low), offset: index * 2)
        }
    }

    /// A page whose slots all say `redirect`; the interpreter executes single instructions in its last slot.
    static func makeScratch() -> UnsafeMutablePointer<DecodedInstruction> {
        let page = UnsafeMutableRawPointer.allocate(byteCount: Page.size, alignment: 64)
        let slots = slots(page)
        slots.initialize(repeating: DecodedInstruction(.redirect), count: Page.slotCount + 2)
        return slots
    }

    private static func slots(_ page: UnsafeMutableRawPointer) -> UnsafeMutablePointer<DecodedInstruction> {
        // SAFETY: the page begins with `slotCount + 2` slots, is aligned for them, and is only used through this type.
        page.assumingMemoryBound(to: DecodedInstruction.self)
    }

    private static func fill(_ page: UnsafeMutableRawPointer, from bytes: UnsafeRawPointer) {
        // A slot of zeroes is `undecoded`.
        memset(page, 0, Page.slotBytes)
        let slots = slots(page)
        slots[Page.slotCount] = DecodedInstruction(.redirect)
        slots[Page.slotCount + 1] = DecodedInstruction(.redirect)
        memcpy(page + Page.copyOffset, bytes, 4096)
    }
}
