import Environment
import GuestMemory
import MachineModel
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import DirtyRate

/// The machine `none` with a monitor: the test itself is who writes.
private final class QuietMachine {
    let machine: VirtualMachine
    let monitor: DirtyRateMonitor

    init(megabytes: Int) throws {
        machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: megabytes << 20))
        monitor = DirtyRateMonitor(machine: machine)
    }

    deinit {
        monitor.shutDown()
        machine.shutDown()
    }

    /// Writes to the first `count` pages.
    func write(pages count: Int, value: UInt64) {
        for page in 0..<count { machine.memory.store(UInt64(page * targetPageSize), value) }
    }

    func refusal(
        seconds: Int64 = 1, samplePages: Int64? = nil, mode: DirtyRateMeasureMode = .pageSampling
    ) -> String? {
        do throws(DirtyRateError) {
            try monitor.calculate(seconds: seconds, samplePages: samplePages, mode: mode)
            return nil
        } catch {
            return error.description
        }
    }
}

/// Notes how often it is rearmed.
private final class IdleMeter: VCPUDirtyMeter {
    private let count = Mutex(0)
    var rearms: Int { count.withLock { $0 } }
    var dirtiedPages: [UInt64] { [0] }
    func startCounting() {}
    func stopCounting() {}
    func rearm() { count.withLock { $0 += 1 } }
    func setLimit(pagesPerSecond: UInt64?, vCPU: Int) {}
}

struct CountingTests {
    @Test func anEndThatBelongsToAnEarlierPeriodEndsNothing() {
        let meter = IdleMeter()
        let counting = DirtyCounting(meter: meter)
        counting.endPeriod(0, planned: .zero)
        #expect(meter.rearms == 0)
        counting.endPeriod(0, planned: .never)
        #expect(meter.rearms == 1)
    }
}

struct MeasuringTests {
    @Test func nothingWasMeasuredAtFirst() throws {
        let info = try QuietMachine(megabytes: 1).monitor.dirtyRate
        #expect(info.status == .unstarted)
        #expect(info.mode == .pageSampling)
        #expect([info.startTime, info.calcTime, Int64(info.samplePages)] == [0, 0, 0])
        #expect(info.dirtyRate == nil)
        #expect(info.vcpuDirtyRate == nil)
    }

    @Test func argumentsAreCheckedInOrder() throws {
        let quiet = try QuietMachine(megabytes: 1)
        let time = "calc-time is out of range[1, 60]."
        let pages = "sample-pages is out of range[128, 16384]."
        #expect(quiet.refusal(seconds: 0) == time)
        #expect(quiet.refusal(seconds: 61, samplePages: 1, mode: .dirtyRing) == time)
        #expect(
            quiet.refusal(samplePages: 1, mode: .dirtyRing) == "either sample-pages or dirty-ring can be specified.")
        #expect(quiet.refusal(samplePages: 127) == pages)
        #expect(quiet.refusal(samplePages: 16385) == pages)
        #expect(quiet.refusal(samplePages: -1, mode: .dirtyBitmap) == pages)
        #expect(quiet.refusal(mode: .dirtyRing) == "mode dirty-ring is not enabled, use other method instead.")
        #expect(quiet.monitor.dirtyRate.status == .unstarted)
        #expect(quiet.refusal(samplePages: 4097) == nil)
        #expect(quiet.refusal(seconds: 0, mode: .dirtyRing) == "the dirty rate is already being measured.")
        let info = quiet.monitor.dirtyRate
        #expect(info.status == .measuring)
        #expect(info.samplePages == 4097)
        #expect(info.calcTime == 1)
        #expect(info.dirtyRate == nil)
        let uptime = Int64(SystemClock().now().count / 1_000_000_000)
        #expect((uptime - 60...uptime).contains(info.startTime))
    }

    @Test(arguments: [DirtyRateMeasureMode.pageSampling, .dirtyBitmap])
    func aMachineWithoutAGuestIsMeasured(mode: DirtyRateMeasureMode) throws {
        let quiet = try QuietMachine(megabytes: 16)
        #expect(quiet.refusal(samplePages: mode == .dirtyBitmap ? 512 : nil, mode: mode) == nil)
        let info = quiet.monitor.measured()
        #expect(info.status == .measured)
        #expect(info.dirtyRate == 0)
        #expect(info.samplePages == (mode == .pageSampling ? 512 : 0))
        #expect(info.mode == mode)
        #expect(info.vcpuDirtyRate == nil)
    }

    @Test(arguments: [DirtyRateMeasureMode.pageSampling, .dirtyBitmap])
    func everythingWrittenOnceInASecondIsTheWholeMemory(mode: DirtyRateMeasureMode) throws {
        let quiet = try QuietMachine(megabytes: 16)
        #expect(quiet.refusal(mode: mode) == nil)
        // Writing goes on all the while, as it is not known when the measurement really begins.
        var value: UInt64 = 0
        _ = wait {
            value += 1
            quiet.write(pages: 4096, value: value)
            return quiet.monitor.dirtyRate.status == .measured
        }
        let rate = try #require(quiet.monitor.dirtyRate.dirtyRate)
        // On a busy machine a second may become longer, never shorter.
        #expect((4...16).contains(rate))
    }

    @Test func anEndedMonitorGivesTheResultBeforeBack() throws {
        let quiet = try QuietMachine(megabytes: 1)
        #expect(quiet.refusal() == nil)
        let first = quiet.monitor.measured()
        #expect(quiet.refusal(seconds: 60, mode: .dirtyBitmap) == nil)
        quiet.monitor.shutDown()
        #expect(quiet.monitor.measured() == first)
    }

    @Test func anIncomingMachineIsMeasured() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20), incoming: true)
        let monitor = DirtyRateMonitor(machine: machine)
        try monitor.calculate(seconds: 1, mode: .dirtyBitmap)
        #expect(monitor.measured().dirtyRate == 0)
        machine.shutDown()
    }
}

/// Counts how often it is asked.
private struct CountingGenerator: RandomNumberGenerator {
    private var inner = SeededGenerator(seed: 7)
    private(set) var count = 0

    mutating func next() -> UInt64 {
        count += 1
        return inner.next()
    }
}

struct PageSampleTests {
    @Test func theChangedPartOfTheSampleIsThatOfMemory() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 16384, using: &generator)
        #expect(sample.count == 1024)
        #expect(sample.changedCount() == 0)
        // One byte somewhere in every fourth page.
        for page in stride(from: 0, to: 16384, by: 4) {
            memory.write(UInt64(page * 4096 + page % 4096), bytes: [1])
        }
        #expect((180...330).contains(try #require(sample.changedCount())))
    }

    @Test func pagesThatAreToComeAreNotLookedAt() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        let block = memory.blocks[0]
        // The second half is to come; of the first one every page was written.
        let half = block.pageCount / 2
        for page in 0..<half { memory.store(UInt64(page * targetPageSize), UInt64(page)) }
        let missing = try memory.makePageSets()
        missing[0].insert(contentsOf: half..<block.pageCount)
        let residency = try PageResidency(of: memory, missing: missing) { _ in Issue.record("a page was asked for") }
        memory.beginResidency(residency)
        let absent = half * targetPageSize
        let untouched = AddressSpace.untouchedParts(of: block.base + absent, count: block.size - absent)
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 16384, using: &generator)
        #expect(sample.count == 1024)
        #expect(sample.byteCount == 32 << 20)
        for page in 0..<half { memory.store(UInt64(page * targetPageSize), UInt64(page + 1)) }
        #expect(sample.changedCount() == sample.count)
        #expect(AddressSpace.untouchedParts(of: block.base + absent, count: block.size - absent) == untouched)
    }

    @Test func ofALittleThatIsHereThereIsASample() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        let missing = try memory.makePageSets()
        // Every 32nd page is here.
        missing[0].insertAll()
        for page in stride(from: 0, to: 16384, by: 32) { missing[0].remove(page) }
        memory.beginResidency(try PageResidency(of: memory, missing: missing) { _ in })
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 2048, using: &generator)
        #expect((90...128).contains(sample.count))
        #expect(sample.byteCount == 2 << 20)
        for page in stride(from: 0, to: 16384, by: 32) { memory.store(UInt64(page * targetPageSize), UInt64(9)) }
        #expect(sample.changedCount() == sample.count)
    }

    /// Where nothing is here, that is found out with few looks, whatever the size of the sample that is wanted.
    @Test func whereNothingIsHereLookingForPagesComesToAnEnd() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        let missing = try memory.makePageSets()
        missing[0].insertAll()
        memory.beginResidency(try PageResidency(of: memory, missing: missing) { _ in })
        var generator = CountingGenerator()
        #expect(PageSample(of: memory, perGiB: 16384, using: &generator).count == 0)
        #expect((1024...16384).contains(generator.count))
    }

    @Test func aSampleThatNobodyWantsAnyMoreIsBrokenOff() throws {
        let memory = GuestMemory(blocks: [
            try RAMBlock(name: "a", guestAddress: 0, size: 64 << 20),
            try RAMBlock(name: "b", guestAddress: 64 << 20, size: 64 << 20),
        ])
        var generator = SeededGenerator(seed: 7)
        var asked = 0
        let part = PageSample(of: memory, perGiB: 16384, using: &generator) {
            asked += 1
            return asked > 10
        }
        #expect(part.count == 10)
        let sample = PageSample(of: memory, perGiB: 16384, using: &generator)
        asked = 0
        let changed = sample.changedCount {
            asked += 1
            return asked > 10
        }
        #expect(changed == nil)
        #expect(asked == 11)
    }

    @Test func whatASourceGivesBackIsNoChangeOfTheGuests() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 1 << 20)])
        for page in 0..<256 { memory.store(UInt64(page * targetPageSize), UInt64(7)) }
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 16384, using: &generator)
        memory.giveBack(100..<200, ofBlock: 0)
        #expect(memory.load(UInt64(150 * targetPageSize), as: UInt64.self) == 0)
        #expect(sample.changedCount() == nil)
    }

    @Test(arguments: [false, true]) func whatWasTakenAwayInBetweenIsNoChangeOfTheGuests(isBack: Bool) throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 1 << 20)])
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 16384, using: &generator)
        let missing = try memory.makePageSets()
        missing[0].insertAll()
        memory.beginResidency(try PageResidency(of: memory, missing: missing) { _ in })
        if isBack { memory.endResidency() }
        #expect(sample.changedCount() == nil)
    }

    @Test func theSmallestMemoryHasASampleToo() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 4096)])
        var generator = SeededGenerator(seed: 7)
        let sample = PageSample(of: memory, perGiB: 128, using: &generator)
        #expect(sample.count == 1)
        memory.write(4095, bytes: [1])
        #expect(sample.changedCount() == 1)
    }

    @Test func ratesAreWholeMegabytesRoundedToTheNearest() {
        #expect(MegabyteRate.of(pages: 256, in: .seconds(1)) == 1)
        #expect(MegabyteRate.of(pages: 383, in: .seconds(1)) == 1)
        #expect(MegabyteRate.of(pages: 385, in: .seconds(1)) == 2)
        #expect(MegabyteRate.of(pages: 2560, in: .milliseconds(500)) == 20)
        #expect(MegabyteRate.of(changed: 3, sampled: 4, total: 100 << 20, in: .seconds(3)) == 25)
        #expect(MegabyteRate.pages(8) == 2048)
        #expect(MegabyteRate.pages(.max) == .max)
    }
}
