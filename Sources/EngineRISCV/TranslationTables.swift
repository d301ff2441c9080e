/// The memory of a hart's software TLBs.
///
/// SAFETY: both pieces are allocated and filled by the initializer for all contexts, and freed with the object, which
/// lives as long as its hart; indexes come from `index`, which masks them.
final class TranslationTables {
    private let data: UnsafeMutablePointer<DataTranslation>
    private let instructions: UnsafeMutablePointer<CodeTranslation>
    private static let contextCount = TranslationContext.allCases.count
    private static let dataCount = contextCount * 2 * HartLimits.translationCount
    private static let codeCount = contextCount * HartLimits.translationCount

    init() {
        data = .allocate(capacity: Self.dataCount)
        data.initialize(repeating: .empty, count: Self.dataCount)
        instructions = .allocate(capacity: Self.codeCount)
        instructions.initialize(repeating: .empty, count: Self.codeCount)
    }

    deinit {
        data.deallocate()
        instructions.deallocate()
    }

    func loads(_ context: TranslationContext) -> UnsafeMutablePointer<DataTranslation> {
        data + context.rawValue * 2 * HartLimits.translationCount
    }

    func stores(_ context: TranslationContext) -> UnsafeMutablePointer<DataTranslation> {
        data + (context.rawValue * 2 + 1) * HartLimits.translationCount
    }

    func code(_ context: TranslationContext) -> UnsafeMutablePointer<CodeTranslation> {
        instructions + context.rawValue * HartLimits.translationCount
    }

    func emptyStores() {
        for context in TranslationContext.allCases {
            stores(context).update(repeating: .empty, count: HartLimits.translationCount)
        }
    }

    func emptyData(_ context: TranslationContext) {
        // Loads and stores of a context lie side by side.
        loads(context).update(repeating: .empty, count: 2 * HartLimits.translationCount)
    }

    func emptyCode(_ context: TranslationContext) {
        code(context).update(repeating: .empty, count: HartLimits.translationCount)
    }

    /// Takes the page at `page` out of the tables of a context.
    func remove(page: UInt64, _ context: TranslationContext) {
        let index = Self.index(page)
        if loads(context)[index].tag == page { loads(context)[index] = .empty }
        if stores(context)[index].tag == page { stores(context)[index] = .empty }
        if code(context)[index].tag == page { code(context)[index] = .empty }
    }

    /// Where the entry of `address` stands in a table.
    @inline(__always)
    static func index(_ address: UInt64) -> Int {
        Int(truncatingIfNeeded: (address >> 12) & UInt64(HartLimits.translationCount - 1))
    }
}
