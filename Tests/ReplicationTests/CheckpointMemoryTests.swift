import Environment
import Glibc
import GuestMemory
import SystemCalls
import Testing

@testable import Replication

/// What a checkpoint's copies cost in memory, and that the pause does not wait for the kernel to find it.
@Suite(.serialized) struct CheckpointMemoryTests {
    /// 128 MiB.
    private static let pages = 32768

    private func memory() throws -> GuestMemory {
        GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: Self.pages * targetPageSize)])
    }

    private func dirty(_ memory: GuestMemory, _ pages: Int) {
        for page in 0..<pages { memory.store(UInt64(page * targetPageSize), UInt64(page)) }
    }

    /// What a checkpoint does with the guest at rest.
    private func capture(_ tracker: DirtyTracker, _ buffer: CheckpointBuffer) {
        for set in buffer.pages { set.removeAll() }
        tracker.takeRecord(into: buffer.pages)
        buffer.capture()
    }

    /// RUSAGE_THREAD, which Swift does not see.
    private static let thisThread: __rusage_who_t = 1

    /// Page faults of this thread in `body`: getrusage(2).
    private func faults(_ body: () throws -> Void) rethrows -> Int {
        func count() -> Int {
            var usage = rusage()
            getrusage(Self.thisThread, &usage)
            return usage.ru_minflt
        }
        let before = count()
        try body()
        return count() - before
    }

    /// A capture that finds no memory present: 4 KiB or 2 MiB a fault, as the host gives them.
    private static let fewestFaults = 16
    /// What a capture may need beside the copies (a page of stack, of a counter).
    private static let strayFaults = 4

    @Test func aCaptureTakesNoPageFaultAfterRoomWasMade() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 64)
        dirty(memory, 100)
        capture(tracker, buffer)
        dirty(memory, 20000)
        buffer.prepare(for: tracker.count)
        let count = faults { capture(tracker, buffer) }
        #expect(buffer.pageCount == 20000)
        #expect(count <= Self.strayFaults)
    }

    @Test func anEpochBeyondEverySightCostsItsFaultsOnceAndTheNextNone() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 64)
        dirty(memory, 100)
        capture(tracker, buffer)
        dirty(memory, 20000)
        #expect(faults { capture(tracker, buffer) } >= Self.fewestFaults, "this is what room is made against")
        try buffer.settle()
        let deadline = SystemClock().now() + .seconds(30)
        while buffer.reserve.presentPages < 24000, SystemClock().now() < deadline { usleep(1000) }
        dirty(memory, 24000)
        #expect(faults { capture(tracker, buffer) } <= Self.strayFaults)
        #expect(buffer.pageCount == 24000)
    }

    @Test func theCopiesOfAllOfRAMTakeAsMuchAsRAMAndNoMore() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let before = residentBytes()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 64)
        dirty(memory, Self.pages)
        let ram = residentBytes()
        for _ in 0..<3 {
            dirty(memory, Self.pages)
            buffer.prepare(for: tracker.count)
            capture(tracker, buffer)
            try buffer.settle()
        }
        #expect(buffer.reserve.presentPages == Self.pages)
        let taken = residentBytes() - ram
        let whole = Self.pages * targetPageSize
        #expect(taken <= whole + whole / 16, "\(taken) bytes for a RAM of \(whole), \(ram - before) before")
    }

    /// VmRSS of this process.
    private func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard fgets(&text, 128, file) != nil else { return 0 }
        let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (Int(fields[1]) ?? 0) * targetPageSize
    }
}
