import GuestMemory
import SystemCalls

/// What the destination of a migration still lacks of the guest's RAM: a set of pages for each block, and the tracker
/// whose harvests add to them. A page leaves its set when it is sent.
struct UnsentPages {
    /// Which pages were written since the last harvest. The checkpoints that follow a migration (COLO) go on with it, so
    /// nothing that is written in between is missed.
    let tracker: DirtyTracker
    /// In the order of `GuestMemory.blocks`.
    let sets: [PageSet]
    /// How many pages there are.
    private(set) var count = 0
    /// The sets of blocks that the destination shares: nothing of theirs is ever to be sent.
    private let leftOut: [PageSet]
    // Where the round is.
    private var block = 0
    private var page = 0

    /// Nothing yet, of `memory`. The tracker does not record yet. `leavingOutShared`: with x-ignore-shared.
    init(of memory: GuestMemory, leavingOutShared: Bool) throws(SystemError) {
        tracker = try memory.makeTracker()
        sets = try memory.makePageSets()
        leftOut = zip(sets, memory.blocks).filter { leavingOutShared && $1.backing.isShared }.map(\.0)
    }

    /// All of RAM is to be sent.
    mutating func insertAll() {
        for set in sets { set.insertAll() }
        beginRound()
    }

    /// Begins at the first page again, after a harvest.
    mutating func beginRound() {
        // What was written to shared blocks is already there.
        for set in leftOut { set.removeAll() }
        count = sets.reduce(0) { $0 + $1.count }
        block = 0
        page = 0
    }

    /// Takes the next pages that follow each other, at most `limit`: they count as sent from now on.
    mutating func takeRun(limit: Int) -> (block: Int, pages: Range<Int>)? {
        while block < sets.count {
            if let run = sets[block].takeRun(from: page, limit: limit) {
                page = run.upperBound
                count -= run.count
                return (block, run)
            }
            block += 1
            page = 0
        }
        return nil
    }
}
