import Synchronization

// Memory that is not all here yet, of a machine whose engine and devices ask before they look at a page.
extension GuestMemory {
    /// Whether pages are still to come. A vCPU looks at it where it fills its translation tables.
    @inline(__always)
    public var isPartial: Bool { partial.load(ordering: .acquiring) }

    /// Which pages are here, while not all are.
    public var residency: PageResidency? { currentResidency.withLock { $0 } }

    /// From now on the pages that `residency` misses are refused by all accessors. Called while nobody uses the memory;
    /// `VirtualMachine.beginResidency` does it for a machine.
    public func beginResidency(_ residency: PageResidency) {
        currentResidency.withLock { $0 = residency }
        partial.store(true, ordering: .releasing)
    }

    /// All pages are here; whoever still waits for one is woken.
    public func endResidency() {
        let ended = currentResidency.withLock { current in
            defer { current = nil }
            return current
        }
        partial.store(false, ordering: .releasing)
        ended?.wakeAll()
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
