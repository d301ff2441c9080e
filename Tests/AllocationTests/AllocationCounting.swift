import CAllocationCount
import Testing

/// What sends, receives and answers, all the time, takes no memory for each piece: the allocator's calls are counted
/// between two marks. One suite at a time, for a count of all threads sees them all.
@Suite(.serialized, .enabled(if: allocation_count_works(), "a sanitizer has the allocator"))
struct Allocations {}

/// Calls of the allocator on this thread while `body` ran.
func allocationsHere(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocation_count_of_thread()
    try body()
    return allocation_count_of_thread() - before
}

/// Calls of the allocator on all threads while `body` ran.
func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocation_count()
    try body()
    return allocation_count() - before
}

extension Allocations {
    /// The counter itself: without it, no other test here could fail.
    @Test func eachAllocationCounts() {
        var kept: [[UInt8]] = []
        kept.reserveCapacity(100)
        let count = allocationsHere { for size in 1...100 { kept.append([UInt8](repeating: 0, count: size)) } }
        #expect(count == 100)
        #expect(kept.count == 100)
    }
}
