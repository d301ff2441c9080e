public import SystemCalls

/// Asks a snapshot before a page of RAM is written for the first time (`MemorySnapshot.willWrite`).
public protocol WriteBarrier: AnyObject, Sendable {
    /// Makes ready what takes its time, for the blocks of these places, while the guest runs.
    func prepare(_ blocks: [Int]) throws(SystemError)
    /// How many pages of a block go together: whoever may write one may write them all.
    func pagesTogether(inBlock block: Int) -> Int
    /// From now on `snapshot` is asked. Called with the guest at rest.
    func raise(for snapshot: MemorySnapshot) throws(SystemError)
    /// These pages may be written without asking.
    func lift(_ pages: Range<Int>, ofBlock block: Int)
    /// All of them may; what the barrier is made of is gone when this returns.
    func lower()
}

/// Who is asked before a page is written, and how it knows the block.
struct AskedBeforeWrites: Sendable {
    let snapshot: MemorySnapshot
    let block: Int
}

/// A barrier of writers that mark each page before they write it (`DirtyLog.mark`): devices, and an engine that marks
/// a page before it may be written, and forgets that it may when it is told to.
public final class MarkBarrier: WriteBarrier {
    private let memory: GuestMemory
    private let blocks = ThreadGate<[Int]>([])

    /// A barrier in front of `memory`.
    public init(_ memory: GuestMemory) { self.memory = memory }

    /// Notes the blocks.
    public func prepare(_ blocks: [Int]) { self.blocks.withLock { $0 = blocks } }

    /// Each page has its mark.
    public func pagesTogether(inBlock block: Int) -> Int { 1 }

    /// Has each mark ask.
    public func raise(for snapshot: MemorySnapshot) {
        for block in included { memory.blocks[block].dirtyLog.ask(AskedBeforeWrites(snapshot: snapshot, block: block)) }
    }

    /// Nothing: what was saved is asked about and found so.
    public func lift(_ pages: Range<Int>, ofBlock block: Int) {}

    /// No mark asks any more.
    public func lower() { for block in included { memory.blocks[block].dirtyLog.askNobody() } }

    private var included: [Int] { blocks.withLock(notify: false) { $0 } }
}
