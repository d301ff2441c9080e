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
        struct State {
            var isBusy = false
            var isEnding = false
        }
        /// Of this job alone, so that a page wakes nobody but the thread that decompresses it.
        let gate = ThreadGate(State())
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
        var failure: MigrationFailure?
    }
    /// What the receiving thread waits for.
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
            for job in jobs { job.gate.withLock { $0.isEnding = true } }
            for thread in threads { thread.join() }
            throw .peer("compress: \(error)")
        }
        self.jobs = jobs
        self.threads = threads
    }

    private static func run(_ gate: ThreadGate<State>, _ index: Int, _ job: Job) {
        // The vCPUs of this host's other guests go first.
        Thread.deferCurrent()
        while job.gate.wait({ $0.isBusy ? true : $0.isEnding ? false : nil }) == true {
            var failure: MigrationFailure?
            do throws(CompressionError) { try job.run() } catch {
                let (page, block) = (job.location.page, job.location.block)
                failure = .peer(
                    "section 'ram' at offset \(job.offset): \(error.description) (page \(page) of block \(block))")
            }
            job.gate.withLock(notify: false) { $0.isBusy = false }
            gate.withLock { state in
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
        job.gate.withLock { $0.isBusy = true }
    }

    /// Waits until all that was given is in its place.
    func settle() throws(MigrationFailure) {
        let outcome = gate.wait { state -> Result<Void, MigrationFailure>? in
            if let failure = state.failure { return .failure(failure) }
            return state.idle.count == jobs.count ? .success(()) : nil
        }
        try outcome?.get()
    }

    /// Ends the threads, after what they are at.
    func end() {
        for job in jobs { job.gate.withLock { $0.isEnding = true } }
        for thread in threads { thread.join() }
    }
}
