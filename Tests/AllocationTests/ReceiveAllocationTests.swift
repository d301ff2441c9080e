import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Pages as a destination takes them: past the decoder, to their places, in runs where they come so.
private struct Receiver {
    private let reader: StreamReader
    private let arrivals: PageArrivals
    private let pageCount: Int
    private(set) var received = 0

    init(_ machine: VirtualMachine, from channel: Channel) throws {
        reader = StreamReader(channel: channel, decoder: StreamDecoder(expectations: machine.streamExpectations()))
        arrivals = try PageArrivals(memory: machine.memory)
        pageCount = machine.memory.blocks[0].pageCount
        reader.vacancies = arrivals
    }

    func end() { arrivals.end() }

    /// Receives until so many pages have come in all. False if the stream ends before.
    mutating func receive(to count: Int) throws(MigrationFailure) -> Bool {
        while received < count {
            guard let element = try reader.next() else { return false }
            switch element {
            case .page(let location):
                try reader.takePage(into: arrivals.place(of: location))
                arrivals.noteWritten(location)
                received += 1
                while let (block, pages) = reader.takeArrivedPages() {
                    arrivals.noteWritten(pages, ofBlock: block)
                    received += pages.count
                }
                guard takeHeldPages(behind: location) else { return false }
            case .filledPage(let location, 0):
                guard arrivals.noteZero(location) else { return false }
                received += 1
                guard takeHeldPages(behind: location) else { return false }
            default: break
            }
        }
        return true
    }

    private mutating func takeHeldPages(behind location: PageLocation) -> Bool {
        var areZero = true
        received += reader.takeHeldPages(behind: location, upTo: pageCount, into: arrivals) { pages in
            areZero = areZero && arrivals.noteZero(pages, ofBlock: location.block) == nil
        }
        return areZero
    }
}

extension Allocations {
    /// The sending is another thread's, so what is counted here is the receiving alone.
    @Test(arguments: PageFilling.allCases) func aPageIsReceivedWithout(filling: PageFilling) throws {
        let total = Self.warmUp + Self.pages
        let source = try Self.machine(pages: total, filling)
        let destination = try Self.machine(pages: total, nil)
        let (channel, other) = try Self.channels()
        let isWarm = ThreadGate(false)
        let sending = try Thread(name: "sender") {
            var writer = ByteWriter()
            StreamEncoder.writeFileHeader(
                machineType: source.parts.machineType, uuid: nil, ignoresShared: false, to: &writer)
            StreamEncoder.writeRAMStart(
                id: source.ramSectionID, layout: source.layout, guestAddresses: nil, to: &writer)
            var sender = RAMSender(layout: source.layout)
            // A receiver that fails closes its end, which ends this.
            try? channel.write(writer.bytes)
            try? sender.open(.sectionPart, id: source.ramSectionID, on: channel)
            try? Self.send(0..<Self.warmUp, of: source, by: &sender, on: channel)
            // The rest comes behind the first mark.
            _ = isWarm.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil }
            try? Self.send(Self.warmUp..<total, of: source, by: &sender, on: channel)
        }
        var receiver = try Receiver(destination, from: other)
        defer {
            other.shutDown()
            channel.shutDown()
            sending.join()
            receiver.end()
        }
        #expect(try receiver.receive(to: Self.warmUp))
        let early = receiver.received
        isWarm.withLock { $0 = true }
        var isWhole = false
        let count = try allocationsHere { isWhole = try receiver.receive(to: total) }
        #expect(isWhole)
        #expect(total - early >= Self.pages)
        #expect(count == 0)
        let size = total * targetPageSize
        let isSame = destination.memory.read(0, count: size) == source.memory.read(0, count: size)
        #expect(isSame)
    }
}
