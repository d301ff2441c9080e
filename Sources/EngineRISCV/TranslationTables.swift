/// The software TLBs of a hart: for each context one table for loads, one for stores, and one for code.
final class TranslationTables {
    private let loads: [TranslationTable<DataTranslation>]
    private let stores: [TranslationTable<DataTranslation>]
    private let code: [TranslationTable<CodeTranslation>]

    init() {
        let count = TranslationContext.allCases.count
        loads = TranslationTable.allocate(count, repeating: .empty)
        stores = TranslationTable.allocate(count, repeating: .empty)
        code = TranslationTable.allocate(count, repeating: .empty)
    }

    deinit {
        loads[0].deallocate()
        stores[0].deallocate()
        code[0].deallocate()
    }

    func loads(_ context: TranslationContext) -> TranslationTable<DataTranslation> { loads[context.rawValue] }

    func stores(_ context: TranslationContext) -> TranslationTable<DataTranslation> { stores[context.rawValue] }

    func code(_ context: TranslationContext) -> TranslationTable<CodeTranslation> { code[context.rawValue] }

    func emptyStores() {
        for table in stores { table.fill(.empty) }
    }

    func emptyData(_ context: TranslationContext) {
        loads(context).fill(.empty)
        stores(context).fill(.empty)
    }

    func emptyCode(_ context: TranslationContext) { code(context).fill(.empty) }

    /// Takes the page at `page` out of the tables of a context.
    func remove(page: UInt64, _ context: TranslationContext) {
        if loads(context)[page].tag == page { loads(context)[page] = .empty }
        if stores(context)[page].tag == page { stores(context)[page] = .empty }
        if code(context)[page].tag == page { code(context)[page] = .empty }
    }
}
