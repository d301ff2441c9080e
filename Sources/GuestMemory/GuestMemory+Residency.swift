import Synchronization

// Memory that is not all here yet. Either the engine and the devices ask before they look at a page, and are refused a
// page that is not here (`isPartial`); or whoever touches one waits for it in the kernel (`MissingPages`).
extension GuestMemory {
    /// Whether pages are still to come, and are refused meanwhile. A vCPU looks at it where it fills its translation tables.
    @inline(__always)
    public var isPartial: Bool { partial.load(ordering: .acquiring) }

    /// Which pages are here, while not all are.
    public var residency: PageResidency? { currentResidency.withLock { $0.residency } }

    /// From now on the pages that `residency` misses are refused by all accessors. Called while nobody uses the memory;
    /// `VirtualMachine.beginResidency` does it for a machine.
    public func beginResidency(_ residency: PageResidency) {
        noteResidency(residency)
        partial.store(true, ordering: .releasing)
    }

    /// From now on who touches the pages that `residency` misses waits. Returns what held before, once nobody is in the middle
    /// of a look at a page that was here (`withPresentPage`).
    @discardableResult
    func noteResidency(_ residency: PageResidency?) -> PageResidency? {
        currentResidency.withLock { current in
            defer {
                current.residency = residency
                current.removals += 1
            }
            return current.residency
        }
    }

    /// All pages are here; whoever still waits for one is woken.
    public func endResidency() {
        let ended = currentResidency.withLock { current in
            defer { current.residency = nil }
            return current.residency
        }
        partial.store(false, ordering: .releasing)
        ended?.wakeAll()
    }

    /// How often pages were taken away: began to be missing, or were given back to the host. While it stays the same, pages
    /// that are here change only by being written. Nil while pages are being given back.
    public var removals: UInt64? { currentResidency.withLock { $0.givingBack == 0 ? $0.removals : nil } }

    /// Gives pages of a block, whole host pages, back to the host: nobody needs what they hold, and they read as zero.
    public func giveBack(_ pages: Range<Int>, ofBlock block: Int) {
        currentResidency.withLock { current in
            current.removals += 1
            current.givingBack += 1
        }
        // Not under the lock, which the engine and queries take: the kernel may take its time.
        blocks[block].discard(page: pages.lowerBound, count: pages.count)
        currentResidency.withLock { $0.givingBack -= 1 }
    }

    /// How many pages are here.
    public var presentPageCount: Int {
        blocks.reduce(0) { $0 + $1.pageCount } - (residency?.missingCount ?? 0)
    }

    /// What `body` makes of the bytes of a page of a block; nil, with none of them touched, if the page is still to come.
    /// Never waits for a page. `body` has moments, because meanwhile no page can begin to be missing.
    public func withPresentPage<Result>(
        _ page: Int, ofBlock block: Int, _ body: (UnsafeRawPointer) -> Result
    ) -> Result? {
        currentResidency.withLock { current in
            if let residency = current.residency, !residency.isPresent(page, ofBlock: block) { return nil }
            precondition(page >= 0 && page < blocks[block].pageCount)
            // SAFETY: a whole page inside the block, which lives as long as this.
            return unsafe body(UnsafeRawPointer(blocks[block].base) + page * targetPageSize)
        }
    }

    /// Whether all pages of a range that are RAM are here.
    @inlinable
    public func isHere(_ address: UInt64, count: Int) -> Bool {
        !isPartial || missingPages(of: address, count: count).isEmpty
    }

    /// The pages of a range that are RAM but not here.
    public func missingPages(of address: UInt64, count: Int) -> [PageResidency.Place] {
        guard isPartial, count > 0, let residency else { return [] }
        let last = address.addingReportingOverflow(UInt64(count - 1))
        let end = last.overflow ? .max : last.partialValue
        var places: [PageResidency.Place] = []
        for (index, block) in blocks.enumerated() {
            let low = max(address, block.guestAddress)
            let high = min(end, block.guestAddress + UInt64(block.size - 1))
            guard low <= high else { continue }
            let first = Int(low - block.guestAddress) / targetPageSize
            let final = Int(high - block.guestAddress) / targetPageSize
            for page in first...final where !residency.isPresent(page, ofBlock: index) {
                places.append(PageResidency.Place(block: index, page: page))
            }
        }
        return places
    }
}
