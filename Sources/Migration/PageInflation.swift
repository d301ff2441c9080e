import Compression
import GuestMemory
import MigrationFormat
import SystemCalls

/// Decompresses pages by threads, each page being a zlib stream of its own (wire.md §4.5), straight to their places.
final class PageInflation: Sendable {
    /// A page on its way through a thread.
    @safe private final class Job: @unchecked Sendable {
        // SAFETY: the receiving thread uses it before it is busy and the worker while it is; both change that with the
        // gate's lock held. The buffer is allocated and freed here.
        let input = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PageDeflater.bound(MigrationFormat.pageSize), alignment: 64)
        var length = 0
        var target: UnsafeMutableRawPointer?
        var location = PageLocation(block: 0, page: 0)
        /// Where it begins, in bytes of the stream.
        var offset: UInt64 = 0
        let inflater: PageInflater

        init() throws(CompressionError) { inflater = try PageInflater() }

        deinit { unsafe input.deallocate() }

        func run() throws(CompressionError) {
            guard let target = unsafe target else { return }
            try unsafe inflater.decompress(
                UnsafeRawBufferPointer(rebasing: input[..<length]),
                into: UnsafeMutableRawBufferPointer(start: target, count: MigrationFormat.pageSize))
        }
    }
    private struct State {
        var idle: [Int]
        var busy: Set<Int> = []
        var failure: MigrationFailure?
        var isEnding = false
    }
    private let gate: ThreadGate<State>
    private let jobs: [Job]
    private let threads: [Thread]

    /// Starts `count` threads.
    init(threads count: Int) throws(MigrationFailure) {
        let gate = ThreadGate(State(idle: Array(0..<count)))
        self.gate = gate
        var jobs: [Job] = []
        var threads: [Thread] = []
        do {
            for index in 0..<count {
                let job = try Job()
                jobs.append(job)
                threads.append(try Thread(name: "decompress_\(index)") { Self.run(gate, index, job) })
            }
        } catch {
            gate.withLock { $0.isEnding = true }
            for thread in threads { thread.join() }
            throw .peer("compress: \(error)")
        }
        self.jobs = jobs
        self.threads = threads
    }

    private static func run(_ gate: ThreadGate<State>, _ index: Int, _ job: Job) {
        // The vCPUs of this host's other guests go first.
        Thread.deferCurrent()
        while gate.wait({ $0.busy.contains(index) ? true : $0.isEnding ? false : nil }) == true {
            var failure: MigrationFailure?
            do throws(CompressionError) { try job.run() } catch {
                let (page, block) = (job.location.page, job.location.block)
                failure = .peer(
                    "section 'ram' at offset \(job.offset): \(error.description) (page \(page) of block \(block))")
            }
            gate.withLock { state in
                state.busy.remove(index)
                state.idle.append(index)
                if state.failure == nil { state.failure = failure }
            }
        }
    }

    /// Has a page that began at `offset` of the stream decompressed to `target`, a whole page, which is written by the end of
    /// `settle`. Waits for a thread.
    func give(
        _ stream: UnsafeRawBufferPointer, at offset: UInt64, of location: PageLocation,
        to target: UnsafeMutableRawPointer
    ) throws(MigrationFailure) {
        let next = gate.wait { state -> Result<Int, MigrationFailure>? in
            if let failure = state.failure { return .failure(failure) }
            return state.idle.popLast().map { .success($0) }
        }
        guard let index = try next?.get() else { return }
        let job = jobs[index]
        // SAFETY: the decoder has bounded the length of a compressed page by the buffer's.
        unsafe job.input.copyMemory(from: stream)
        job.length = stream.count
        unsafe job.target = unsafe target
        job.location = location
        job.offset = offset
        gate.withLock { _ = $0.busy.insert(index) }
    }

    /// Waits until all that was given is in its place.
    func settle() throws(MigrationFailure) {
        let outcome = gate.wait { state -> Result<Void, MigrationFailure>? in
            if let failure = state.failure { return .failure(failure) }
            return state.busy.isEmpty ? .success(()) : nil
        }
        try outcome?.get()
    }

    /// Ends the threads, after what they are at.
    func end() {
        gate.withLock { $0.isEnding = true }
        for thread in threads { thread.join() }
    }
}
