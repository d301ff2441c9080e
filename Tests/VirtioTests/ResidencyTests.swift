import Environment
import Glibc
import GuestMemory
import MachineModel
import SystemCalls
import Testing

@testable import Virtio

/// A device whose driver's memory comes page by page.
private final class PartialBench {
    let lock = MachineLock()
    let deferred: DeferredRequests
    let driver: Driver
    private var truth: [UInt8] = []
    private let asked = ThreadGate<[Int]>([])
    private(set) var residency: PageResidency?

    init(_ device: (MachineLock) throws -> any VirtioDevice, features: UInt64 = 0) throws {
        deferred = DeferredRequests(lock: lock)
        driver = try Driver(try device(lock), deferred: deferred)
        driver.start(features: features)
    }

    deinit { deferred.end() }

    /// A page of its own for each piece, filled with what it holds.
    func allocate(_ bytes: [UInt8]) -> UInt64 {
        driver.freeBuffer = (driver.freeBuffer + 4095) / 4096 * 4096
        return driver.allocate(bytes)
    }

    static func page(_ address: UInt64) -> Int { Int(address - Driver.ramBase) / targetPageSize }

    /// The pages of a queue's rings.
    func rings(_ queue: Int) -> [Int] {
        [driver.descriptors(queue), driver.driverArea(queue), driver.deviceArea(queue)].map(Self.page)
    }

    /// Takes pages away; what stands there until they come is no memory's content.
    func takeAway(_ pages: [Int]) throws {
        truth = driver.memory.read(Driver.ramBase, count: Driver.ramSize) ?? []
        let missing = try driver.memory.makePageSets()
        for page in pages {
            missing[0].insert(page)
            driver.memory.write(
                Driver.ramBase + UInt64(page * targetPageSize), bytes: [UInt8](repeating: 0xa5, count: targetPageSize))
        }
        let asked = asked
        let residency = try PageResidency(of: driver.memory, missing: missing) { place in
            asked.withLock { $0.append(place.page) }
        }
        self.residency = residency
        try deferred.begin()
        driver.memory.beginResidency(residency)
    }

    var askedPages: [Int] { asked.withLock { $0 } }

    func bring(_ page: Int) {
        let start = page * targetPageSize
        UnsafeMutableRawBufferPointer(start: driver.memory.blocks[0].base + start, count: targetPageSize).copyBytes(
            from: truth[start..<start + targetPageSize])
        residency?.notePlaced(page..<page + 1, ofBlock: 0)
    }

    /// Waits until the devices have done what was due.
    func settle() {
        let done = ThreadGate(false)
        deferred.add { done.withLock { $0 = true } }
        #expect(done.wait(until: SystemClock().now() + .seconds(30)) { $0 ? true : nil } == true)
    }

    /// Notifies the device as a vCPU does, and looks that nobody holds the lock afterwards.
    func notify(_ queue: Int) {
        #expect(lock.withLock { driver.notify(queue) } != nil)
        #expect(lock.freeze(until: SystemClock().now() + .seconds(10)), "somebody waits with the lock")
        lock.thaw()
    }

    /// Brings what was asked for until nothing more is; expects each page once, and `isDone` only at the end.
    func bringAll(_ isDone: () -> Bool) {
        var brought = 0
        for _ in 0..<1000 {
            settle()
            let pages = askedPages
            guard brought < pages.count else { break }
            #expect(!isDone(), "before \(pages[brought...]) are here")
            bring(pages[brought])
            brought += 1
        }
        #expect(Set(askedPages).count == askedPages.count)
        #expect(isDone())
    }
}

@Suite struct ResidencyTests {
    private final class Output: @unchecked Sendable {
        // SAFETY: touched with the machine lock held, or when nothing is due.
        var bytes: [UInt8] = []
    }

    // MARK: Disks

    private struct DiskRequest {
        var pages: [Int]
        var data: UInt64
        var status: UInt64
    }

    /// A request for two sectors in two pages.
    private func add(_ kind: UInt8, to bench: PartialBench, indirect: Bool = false) -> DiskRequest {
        let header = bench.allocate([kind, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
        _ = bench.allocate([UInt8](repeating: 0, count: 4096))
        let data = bench.allocate((0..<8192).map { UInt8(truncatingIfNeeded: $0 / 512 + 100) }) + 4096 - 512
        let status = bench.allocate([0xff])
        let buffers = [
            Buffer(address: header, count: 16), Buffer(address: data, count: 1024, isWritable: kind == 0),
            Buffer(address: status, count: 1, isWritable: true),
        ]
        var pages = [header, data, data + 512, status].map(PartialBench.page)
        if indirect {
            let table = bench.allocate([UInt8](repeating: 0, count: 48))
            for (index, buffer) in buffers.enumerated() {
                bench.driver.setDescriptor(
                    table, UInt16(index), buffer, next: index < 2 ? UInt16(index + 1) : nil)
            }
            bench.driver.add(0, [Buffer(address: table, count: 48, extraFlags: 4)])
            pages.append(PartialBench.page(table))
        } else {
            bench.driver.add(0, buffers)
        }
        return DiskRequest(pages: pages, data: data, status: status)
    }

    private func isDone(_ request: DiskRequest, _ bench: PartialBench) -> Bool {
        bench.driver.memory.read(request.status, count: 1) == [0]
    }

    /// One of the pages, or all.
    @Test(arguments: [0, 1], [false, true]) func aDiskRequestWaitsForAllOfItsPages(kind: UInt8, indirect: Bool) throws {
        for missing in -1..<(indirect ? 8 : 7) {
            let disk = MemoryDisk(sectors: 8)
            let before = disk.bytes
            let bench = try PartialBench({ _ in VirtioBlock(backend: disk, serial: "disk0") }, features: 1 << 28)
            let request = add(kind, to: bench, indirect: indirect)
            let pages = bench.rings(0) + request.pages
            try bench.takeAway(missing < 0 ? pages : [pages[missing]])
            bench.notify(0)
            #expect(disk.bytes == before)
            let asked = bench.askedPages
            #expect(!asked.isEmpty)
            for _ in 0..<10 { bench.notify(0) }
            #expect(bench.askedPages == asked, "a driver that notifies again asks for nothing more")
            bench.bringAll { isDone(request, bench) }
            #expect(Set(bench.askedPages) == Set(missing < 0 ? pages : [pages[missing]]))
            bench.driver.memory.endResidency()
            #expect(bench.driver.used(0) == [UsedElement(head: 0, count: kind == 0 ? 1025 : 1)])
            let data = bench.driver.memory.read(request.data, count: 1024)
            let sectors = Array(disk.bytes[1024..<2048])
            #expect(data == sectors)
            let expected: [UInt8] = kind == 0 ? [3, 4] : [107, 108]
            #expect(sectors == expected.flatMap { [UInt8](repeating: $0, count: 512) })
            #expect(bench.driver.wire.isHigh && !bench.driver.needsReset)
        }
    }

    @Test func buffersAreAskedForAllAtOnce() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        let request = add(0, to: bench)
        try bench.takeAway(request.pages + bench.rings(0))
        bench.notify(0)
        #expect(Set(bench.askedPages) == Set(bench.rings(0)))
        for page in bench.rings(0) { bench.bring(page) }
        bench.settle()
        #expect(Set(bench.askedPages) == Set(request.pages + bench.rings(0)))
    }

    @Test func requestsBehindOneThatWaitsKeepTheirOrder() throws {
        let disk = MemoryDisk(sectors: 8)
        let bench = try PartialBench { _ in VirtioBlock(backend: disk, serial: "disk0") }
        let requests = (0..<3).map { _ in add(0, to: bench) }
        try bench.takeAway(requests[1].pages)
        bench.notify(0)
        #expect(bench.driver.used(0).map(\.head) == [0])
        bench.bringAll { isDone(requests[1], bench) }
        #expect(bench.driver.used(0).map(\.head) == [0, 3, 6])
    }

    @Test func aDriverThatBeginsAnewIsNotHeldUpByItsOldRequests() throws {
        let disk = MemoryDisk(sectors: 8)
        let bench = try PartialBench { _ in VirtioBlock(backend: disk, serial: "disk0") }
        let old = add(0, to: bench)
        try bench.takeAway(old.pages)
        bench.notify(0)
        for _ in 0..<1000 {
            bench.lock.withLock { bench.driver.start() }
            bench.notify(0)
        }
        #expect(Set(bench.askedPages) == Set(old.pages))
        #expect(bench.askedPages.count == old.pages.count, "asked for once, however often")

        // The rings as a new driver writes them, on memory that is here.
        bench.lock.withLock {
            for queue in [0] {
                bench.driver.memory.write(bench.driver.driverArea(queue), bytes: [UInt8](repeating: 0, count: 64))
                bench.driver.memory.write(bench.driver.deviceArea(queue), bytes: [UInt8](repeating: 0, count: 256))
            }
            bench.driver.available = [:]
            bench.driver.nextDescriptor = [:]
            bench.driver.start()
        }
        let new = add(0, to: bench)
        bench.notify(0)
        #expect(isDone(new, bench))
        for page in old.pages { bench.bring(page) }
        bench.settle()
        #expect(bench.driver.used(0).count == 1)
        #expect(!isDone(old, bench))
    }

    @Test func aQueueThatIsTakenBackForgetsWhatItWaitedFor() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        let request = add(0, to: bench)
        try bench.takeAway(request.pages)
        bench.notify(0)
        bench.lock.withLock {
            bench.driver.write(0x030, 0)
            bench.driver.write(0x044, 0)
        }
        for page in request.pages { bench.bring(page) }
        bench.settle()
        #expect(!isDone(request, bench))
        bench.lock.withLock { bench.driver.write(0x044, 1) }
        bench.notify(0)
        #expect(isDone(request, bench))
    }

    @Test func registersAndConfigurationAreServedMeanwhile() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        let request = add(0, to: bench)
        try bench.takeAway(request.pages + bench.rings(0))
        bench.notify(0)
        bench.lock.withLock {
            #expect(bench.driver.transport.load(offset: 0x100, width: 8) == 8)
            bench.driver.transport.configurationChanged()
            #expect(bench.driver.read(0x060) == 2)
            #expect(bench.driver.wire.isHigh)
        }
    }

    @Test func whatBreaksTheRulesIsStillFound() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        bench.driver.add(0, [Buffer(address: 0x1000, count: 16)])
        try bench.takeAway(bench.rings(0))
        bench.notify(0)
        #expect(!bench.driver.needsReset)
        bench.bringAll { bench.driver.needsReset }
    }

    @Test func aPausedMachineDoesNothingUntilItGoesOn() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        let request = add(0, to: bench)
        try bench.takeAway(request.pages)
        bench.notify(0)
        #expect(bench.lock.freeze(until: SystemClock().now() + .seconds(10)))
        for page in request.pages { bench.bring(page) }
        bench.driver.memory.endResidency()
        bench.lock.withLockWhileFrozen { #expect(!isDone(request, bench)) }
        bench.lock.thaw()
        bench.settle()
        #expect(isDone(request, bench))
    }

    /// Its device was notified here, and serves the request there.
    @Test func aRequestThatWaitedIsServedWhereTheGuestGoesOn() throws {
        let bench = try PartialBench { _ in VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0") }
        let request = add(0, to: bench)
        try bench.takeAway(request.pages)
        bench.notify(0)
        #expect(bench.lock.freeze(until: SystemClock().now() + .seconds(10)))
        for page in request.pages { bench.bring(page) }
        bench.driver.memory.endResidency()
        let next = try Driver(VirtioBlock(backend: MemoryDisk(sectors: 8), serial: "disk0"))
        try bench.lock.withLockWhileFrozen { try bench.driver.move(to: next) }
        #expect(next.used(0).isEmpty && !next.wire.isHigh)
        next.transport.lookAtQueues()
        #expect(next.used(0) == [UsedElement(head: 0, count: 1025)])
        #expect(next.memory.read(request.status, count: 1) == [0])
        #expect(next.wire.isHigh && !next.needsReset)
        next.transport.lookAtQueues()
        #expect(next.used(0).count == 1)
    }

    @Test func whatIsToBeDoneLaterNeedsNoMissingPages() throws {
        let lock = MachineLock()
        lock.detach()
        let done = ThreadGate(0)
        let deferred = DeferredRequests(lock: lock)
        let work: @Sendable () -> Void = { done.withLock { $0 += 1 } }
        try deferred.perform([work, work])
        // Pages may begin and cease to be missing meanwhile, which ends nothing that is still due.
        try deferred.begin()
        deferred.end()
        try deferred.perform([work])
        #expect(done.withLock { $0 } == 0)
        lock.thaw()
        let deadline = SystemClock().now() + .seconds(20)
        #expect(done.wait(until: deadline) { $0 == 3 ? true : nil } == true)
        try deferred.perform([work])
        #expect(done.wait(until: deadline) { $0 == 4 ? true : nil } == true)
    }

    @Test func theThreadEndsWithTheLastPageOrWithTheMachine() throws {
        for closes in [false, true] {
            let lock = MachineLock()
            weak var ended: DeferredRequests?
            do {
                let deferred = DeferredRequests(lock: lock)
                ended = deferred
                try deferred.begin()
                if closes {
                    lock.detach()
                    deferred.add {}
                    lock.close()
                }
                deferred.end()
            }
            let deadline = SystemClock().now() + .seconds(20)
            while ended != nil, SystemClock().now() < deadline { sched_yield() }
            #expect(ended == nil)
        }
    }

    // MARK: Other devices

    @Test func aRandomSourceWaits() throws {
        let bench = try PartialBench { _ in VirtioEntropy(random: { 0x0807_0605_0403_0201 }) }
        let buffer = bench.allocate([UInt8](repeating: 0, count: 8))
        bench.driver.add(0, [Buffer(address: buffer, count: 8, isWritable: true)])
        try bench.takeAway(bench.rings(0) + [PartialBench.page(buffer)])
        bench.notify(0)
        bench.bringAll { bench.driver.memory.read(buffer, count: 8) == [1, 2, 3, 4, 5, 6, 7, 8] }
        #expect(bench.driver.used(0).count == 1)
    }

    @Test func aConsoleWaitsBothWays() throws {
        let output = Output()
        let console = VirtioConsole { output.bytes += $0 }
        let bench = try PartialBench { _ in console }
        let text = bench.allocate(Array("out".utf8))
        let room = bench.allocate([0, 0, 0])
        bench.driver.add(1, [Buffer(address: text, count: 3)])
        bench.driver.add(0, [Buffer(address: room, count: 3, isWritable: true)])
        try bench.takeAway([text, room].map(PartialBench.page) + bench.rings(0) + bench.rings(1))
        bench.notify(1)
        bench.bringAll { output.bytes == Array("out".utf8) }
        #expect(bench.lock.withLock { console.receive(Array("in".utf8), through: bench.driver.transport) } == 2)
        #expect(Set(bench.askedPages).isSuperset(of: bench.rings(0)))
        for page in bench.rings(0) { bench.bring(page) }
        bench.settle()
        #expect(bench.driver.used(0).isEmpty)
        bench.bring(PartialBench.page(room))
        bench.settle()
        #expect(bench.driver.memory.read(room, count: 3) == Array("in".utf8) + [0])
        #expect(bench.driver.used(0).count == 1)
        #expect(output.bytes == Array("out".utf8))
    }

    private func network(features: UInt64 = 0) throws -> (PartialBench, VirtioNetwork, LoopCable) {
        let cable = LoopCable()
        var made: VirtioNetwork?
        let bench = try PartialBench(
            { lock in
                let card = VirtioNetwork(mac: VirtioNetworkTests.mac, backend: cable, lock: lock)
                made = card
                return card
            }, features: features)
        let card = try #require(made)
        try card.start(through: bench.driver.transport)
        return (bench, card, cable)
    }

    private func frame(_ count: Int, _ first: UInt8) -> [UInt8] {
        [first] + (1..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }

    @Test func framesThatTheGuestSendsWait() throws {
        let (bench, _, cable) = try network()
        let first = bench.allocate([UInt8](repeating: 0, count: 12) + frame(60, 1))
        let second = bench.allocate([UInt8](repeating: 0, count: 12) + frame(60, 2))
        for address in [first, second] { bench.driver.add(1, [Buffer(address: address, count: 72)]) }
        try bench.takeAway([first, second].map(PartialBench.page) + bench.rings(1))
        bench.notify(1)
        bench.bringAll { cable.sent == [frame(60, 1), frame(60, 2)] }
        #expect(bench.driver.used(1).count == 2)
    }

    @Test func anAnswerOfTheControlQueueWaits() throws {
        let (bench, _, _) = try network(features: VirtioNetworkTests.announce)
        let command = bench.allocate([3, 0])
        let status = bench.allocate([0xff])
        bench.driver.add(
            2, [Buffer(address: command, count: 2), Buffer(address: status, count: 1, isWritable: true)])
        try bench.takeAway([command, status].map(PartialBench.page) + bench.rings(2))
        bench.notify(2)
        bench.bringAll { bench.driver.memory.read(status, count: 1) == [0] }
    }

    @Test func framesForTheGuestWaitForTheirBuffersInOrder() throws {
        let (bench, card, cable) = try network(features: VirtioNetworkTests.mergeable)
        let rooms = (0..<4).map { _ in bench.allocate([UInt8](repeating: 0xee, count: 80)) }
        for room in rooms { bench.driver.add(0, [Buffer(address: room, count: 80, isWritable: true)]) }
        // The second frame takes the second and the third buffer.
        try bench.takeAway([rooms[1], rooms[2]].map(PartialBench.page))
        let frames = [frame(60, 1), frame(120, 2), frame(40, 3)]
        for frame in frames { cable.deliver(frame) }
        #expect(bench.driver.used(0).map(\.count) == [72])
        #expect(bench.askedPages == [PartialBench.page(rooms[1])])
        bench.bringAll { bench.driver.used(0).count == 4 }
        #expect(bench.driver.used(0).map(\.count) == [72, 80, 52, 52])
        #expect(bench.driver.memory.load(rooms[1] + 12, as: UInt8.self) == 2)
        #expect(bench.driver.memory.load(rooms[3] + 12, as: UInt8.self) == 3)
        #expect(card.droppedFrames == 0)
        // As ever without a buffer.
        cable.deliver(frame(60, 4))
        #expect(card.droppedFrames == 1)
    }

    @Test func framesThatWaitAreLimitedAndDroppedWithTheDriver() throws {
        let (bench, card, cable) = try network()
        let room = bench.allocate([UInt8](repeating: 0, count: 1600))
        bench.driver.add(0, [Buffer(address: room, count: 1600, isWritable: true)])
        try bench.takeAway([PartialBench.page(room)])
        let limit = VirtioLimit.waitingFrames / 1500
        for _ in 0..<limit + 10 { cable.deliver(frame(1500, 9)) }
        #expect(card.droppedFrames == 10)
        bench.lock.withLock { bench.driver.start() }
        bench.bring(PartialBench.page(room))
        bench.settle()
        cable.deliver(frame(60, 5))
        #expect(bench.driver.memory.load(room + 12, as: UInt8.self) == 5)
    }
}
