import Environment
import NIOPosix
import PairLab
import ReplicationCore
import SystemCalls
import Testing
import Transport

@testable import Replication

/// One member of a pair on loopback, with operations that only record.
final class Member: Sendable {
    let service: PairService
    let operations = RecordingOperations()
    let file: DurableFile
    /// Where the record lies, as long as anybody may write it.
    private let folder: TemporaryFolder
    private let events = ThreadGate<[PairEvent]>([])

    init(
        _ member: PairMember, folder: TemporaryFolder, ports: (own: Int, peer: Int),
        key: [UInt8] = Array("the key of the pair".utf8), pair: String = "web", record: PairRecord? = nil,
        failover: FailoverPolicy = .automatic, arbiter: (any Arbiter)? = nil
    ) throws {
        self.folder = folder
        file = DurableFile(path: folder.path("record-\(member)-\(ports.own)"))
        if let record { try file.replace(with: record.bytes) }
        let events = events
        service = try PairService(
            settings: PairService.Settings(
                member: member, pair: pair, keys: [key], listen: [("127.0.0.1", ports.own)],
                peer: [("127.0.0.1", ports.peer)], interval: .milliseconds(20), timeout: .seconds(3),
                failover: failover, arbiter: arbiter),
            record: record ?? PairRecord(term: .none), file: file, operations: operations,
            loop: MultiThreadedEventLoopGroup.singleton.next()
        ) { event in
            if let event { events.withLock { $0.append(event) } }
        }
        operations.connect { [weak service] event in service?.post(event) }
    }

    /// What is on the disk.
    var record: PairRecord? { get throws { try file.read().map { bytes in try PairRecord(bytes: bytes) } } }

    var raised: [PairEvent] { events.withLock(notify: false) { $0 } }

    /// Waits for an event; false if it never comes.
    func awaits(_ event: PairEvent) -> Bool {
        events.wait(until: SystemClock().now() + COLOMachine.patience) { $0.contains(event) ? true : nil } ?? false
    }

    /// Waits for an event that `isWanted`; false if it never comes.
    func awaitsEvent(_ isWanted: (PairEvent) -> Bool) -> Bool {
        events.wait(until: SystemClock().now() + COLOMachine.patience) { $0.contains(where: isWanted) ? true : nil }
            ?? false
    }

    /// Waits until the status is as wanted.
    func awaits(_ goal: (PairSnapshot) -> Bool) -> Bool {
        let end = SystemClock().now() + COLOMachine.patience
        if case .reached = service.wait(until: end, known: .max, goal: goal) { return true }
        return false
    }

    /// Two ports of loopback that are free now.
    static func freePorts() throws -> (Int, Int) {
        let listeners = try [
            Listener(.tcp(host: "127.0.0.1", port: "0")), Listener(.tcp(host: "127.0.0.1", port: "0")),
        ]
        let ports = listeners.compactMap { listener -> Int? in
            guard case .tcp(_, let port) = listener.address else { return nil }
            return Int(port)
        }
        return (try #require(ports.first), try #require(ports.last))
    }
}

/// Both members, and the steps that lead to a protected pair.
final class Members: Sendable {
    let first: Member
    let second: Member

    init(
        records: (PairRecord?, PairRecord?) = (nil, nil), failover: FailoverPolicy = .automatic,
        arbiters: ((any Arbiter)?, (any Arbiter)?) = (nil, nil)
    ) throws {
        let folder = try TemporaryFolder()
        let (one, two) = try Member.freePorts()
        first = try Member(
            .first, folder: folder, ports: (one, two), record: records.0, failover: failover, arbiter: arbiters.0)
        second = try Member(
            .second, folder: folder, ports: (two, one), record: records.1, failover: failover, arbiter: arbiters.1)
    }

    /// Starts both and lets them become a protected pair, the first one serving; returns its run.
    func protect() async throws -> UInt64 {
        try await first.service.start()
        try await second.service.start()
        #expect(first.operations.awaits(.startGuest))
        let run = try #require(
            first.operations.first { if case .startReplication(let run) = $0 { run } else { nil } })
        let incoming = try #require(
            second.operations.first { if case .listen(let run) = $0 { run } else { nil } })
        second.service.post(.incomingStarted(run: incoming))
        first.service.post(.switchoverReached(run: run))
        #expect(first.operations.awaits(.continueSwitchover(run)))
        second.service.post(.checkpointHeld(run: incoming, checkpoint: 0))
        first.service.post(.checkpointConfirmed(run: run, checkpoint: 0))
        second.service.post(.checkpointHeld(run: incoming, checkpoint: 1))
        first.service.post(.checkpointConfirmed(run: run, checkpoint: 1))
        #expect(first.operations.awaits(.release(1)))
        #expect(first.awaits { $0.isProtected })
        #expect(second.awaits { $0.isProtected })
        return run
    }

    /// Ends both.
    func shutDown() async {
        await first.service.shutDown()
        await second.service.shutDown()
    }
}
