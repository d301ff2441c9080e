// Taking translations out of the TLBs. A kernel that patches its own code does so tens of thousands of times while it
// boots, so a single page and the tables that were never used are left alone.
extension Hart {
    /// Takes out everything.
    func flushTranslations() {
        let s = state
        for context in TranslationContext.allCases where s.pointee.filledContexts & context.bit != 0 {
            tables.emptyData(context)
            tables.emptyCode(context)
        }
        s.pointee.filledContexts = 0
        s.pointee.hasHugePages = false
        largePages = InlineArray(repeating: false)
    }

    /// Takes out all code, so that each page is looked up again.
    func flushCode() {
        let s = state
        for context in TranslationContext.allCases where s.pointee.filledContexts & context.bit != 0 {
            tables.emptyCode(context)
        }
    }

    /// Takes out what comes from the leaf entry of `address`: one page, unless the entry may be one of a larger page.
    func flushTranslation(of address: UInt64) {
        let s = state
        if s.pointee.hasHugePages || largePages[Self.filterIndex(address)] { return flushTranslations() }
        for context in TranslationContext.allCases where s.pointee.filledContexts & context.bit != 0 {
            tables.remove(page: address & ~0xfff, context)
        }
    }

    /// Notes that an entry for `address` goes into the tables of `context`, from the translation found last.
    @inline(__always)
    func noteFill(_ address: UInt64, _ context: TranslationContext) {
        let s = state
        s.pointee.filledContexts |= context.bit
        if s.pointee.walkedLevel == 1 { largePages[Self.filterIndex(address)] = true }
        if s.pointee.walkedLevel == 2 { s.pointee.hasHugePages = true }
    }

    @inline(__always)
    private static func filterIndex(_ address: UInt64) -> Int {
        Int(truncatingIfNeeded: (address >> 21) & UInt64(HartLimits.largePageFilter - 1))
    }
}
