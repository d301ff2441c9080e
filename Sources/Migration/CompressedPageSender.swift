import Compression
import MigrationFormat
import SystemCalls
import Transport

/// Pages compressed by threads, each page as a zlib stream of its own (wire.md §4.5), in the stream itself. What the
/// threads have done is written when the next page needs one of them, in any order within a block; everything is written
/// before another block is named and before a part ends.
@safe final class CompressedPageSender: PageSender {
    // SAFETY: a job's buffers belong to the thread that has the job: see `Job`.
    /// A page on its way through a thread.
    @safe final class Job: @unchecked Sendable {
        // SAFETY: the sending thread uses it before `isBusy` is set and after it is reset, the worker between; both happen
        // with the gate's lock held. The buffers are allocated and freed here.
        struct State {
            var isBusy = false
            var isEnding = false
        }
        /// Of this job alone, so that a page wakes nobody but the thread that compresses it.
        let gate = ThreadGate(State())
        var location = PageLocation(block: 0, page: 0)
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: MigrationFormat.pageSize, alignment: 64)
        let output = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PageDeflater.bound(MigrationFormat.pageSize), alignment: 64)
        /// Bytes of the compressed page; 0 if there is nothing to be written.
        var length = 0
        var failure: CompressionError?

        deinit {
            unsafe page.deallocate()
            unsafe output.deallocate()
        }
    }
    private let jobs: [Job]
    private let threads: [Thread]
    private let waits: Bool
    private let counters: CompressionCounters
    private var next = 0

    /// Starts `count` threads. `waits`: a page is kept until a thread is free, instead of being sent whole.
    init(
        threads count: Int, level: Int, waits: Bool, counters: CompressionCounters
    ) throws(MigrationFailure) {
        self.waits = waits
        self.counters = counters
        let jobs = (0..<count).map { _ in Job() }
        self.jobs = jobs
        var threads: [Thread] = []
        do {
            for (index, job) in jobs.enumerated() {
                let deflater = DeflaterBox(try PageDeflater(level: level))
                threads.append(
                    try Thread(name: "compress_\(index)") { Self.run(job, deflater.deflater) })
            }
        } catch {
            for job in jobs { job.gate.withLock { $0.isEnding = true } }
            for thread in threads { thread.join() }
            throw .peer("compress: \(error)")
        }
        self.threads = threads
    }

    private final class DeflaterBox: @unchecked Sendable {
        // SAFETY: made by one thread and used by the other alone.
        let deflater: PageDeflater
        init(_ deflater: PageDeflater) { self.deflater = deflater }
    }

    private static func run(_ job: Job, _ deflater: PageDeflater) {
        // The guest's vCPUs go first.
        Thread.deferCurrent()
        while job.gate.wait({ $0.isBusy ? true : $0.isEnding ? false : nil }) == true {
            do throws(CompressionError) {
                job.length = try unsafe deflater.compress(UnsafeRawBufferPointer(job.page), into: job.output)
            } catch { job.failure = error }
            job.gate.withLock { $0.isBusy = false }
        }
    }

    func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer, _ records: inout RAMRecords,
        on main: Channel
    ) throws(TransportError) {
        for page in pages {
            // SAFETY: the caller lends as many pages as `pages` has, from `first` on.
            let place = unsafe first + (page - pages.lowerBound) * MigrationFormat.pageSize
            let location = PageLocation(block: block, page: page)
            if unsafe PageContent.isZero(place) {
                if !records.goesOn(with: block) { try settle(&records, on: main) }
                try records.sendZero(location, on: main)
            } else if !records.goesOn(with: block) {
                // A compressed page never names its block.
                try settle(&records, on: main)
                try unsafe records.send(location, at: place, on: main)
            } else if let job = try freeJob(&records, on: main) {
                job.location = location
                // A vCPU may write to the page meanwhile, and zlib looks at some bytes twice.
                unsafe job.page.copyMemory(from: UnsafeRawBufferPointer(start: place, count: MigrationFormat.pageSize))
                job.gate.withLock { $0.isBusy = true }
                next = (next + 1) % jobs.count
            } else {
                counters.addBusy()
                try unsafe records.send(location, at: place, on: main)
            }
        }
    }

    /// The job of the thread whose turn it is, what it did before being written; nil if it works and is not waited for.
    private func freeJob(_ records: inout RAMRecords, on main: Channel) throws(TransportError) -> Job? {
        let isBusy = jobs[next].gate.withLock(notify: false) { $0.isBusy }
        if isBusy {
            guard waits else { return nil }
            counters.addBusy()
        }
        try finish(next, &records, on: main)
        return jobs[next]
    }

    /// Waits for a thread and writes what it has done.
    private func finish(_ index: Int, _ records: inout RAMRecords, on main: Channel) throws(TransportError) {
        let job = jobs[index]
        job.gate.wait { $0.isBusy ? nil : () }
        if let failure = job.failure { throw .failed(action: "compress", reason: failure.description) }
        guard job.length > 0 else { return }
        defer { job.length = 0 }
        counters.add(compressed: job.length)
        let stream = unsafe UnsafeRawBufferPointer(rebasing: job.output[..<job.length])
        try unsafe records.send(
            job.location, as: .compressed(length: UInt32(job.length)), stream, on: main)
    }

    func settle(_ records: inout RAMRecords, on main: Channel) throws(TransportError) {
        for index in jobs.indices { try finish(index, &records, on: main) }
    }

    /// Ends the threads.
    func end() {
        for job in jobs { job.gate.withLock { $0.isEnding = true } }
        for thread in threads { thread.join() }
    }
}
