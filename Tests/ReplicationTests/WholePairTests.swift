import Environment
import GuestMemory
import NIOPosix
import PacketPath
import PairLab
import QAPI
import ReplicationCore
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration
@testable import Replication

/// Both members of a pair as the daemon puts them together: heartbeat, record, controller, migration, COLO and machine.
@Suite(.serialized)
struct WholePairTests {
    /// One host of the pair.
    final class Host: Sendable {
        let colo: COLOMachine
        let service: PairService
        /// Where the record lies, as long as anybody may write it.
        private let folder: TemporaryFolder

        init(
            _ member: PairMember, _ folder: TemporaryFolder, ports: (own: Int, peer: Int), listenURI: String,
            peerURI: String, failover: FailoverPolicy = .automatic, encrypts: Bool = true,
            openForwards: @escaping @Sendable () -> Void = {}
        ) throws {
            self.folder = folder
            colo = try COLOMachine(incoming: true, checkpointDelay: 5, openForwards: openForwards)
            service = try PairService(
                settings: PairService.Settings(
                    member: member, pair: "web", keys: [Array("the key of the pair".utf8)], encrypts: encrypts,
                    listen: [("127.0.0.1", ports.own)], peer: [("127.0.0.1", ports.peer)],
                    interval: .milliseconds(20), timeout: .seconds(3), failover: failover, arbiter: nil),
                record: PairRecord(term: .none), file: DurableFile(path: folder.path("record-\(member)")),
                operations: colo.replication, loop: MultiThreadedEventLoopGroup.singleton.next()
            ) { _ in }
            try colo.replication.join(
                .init(service: service, peerURI: peerURI, listenURI: listenURI, onOutput: .share(5)))
        }

        /// Waits until the status is as wanted.
        func awaits(_ goal: (PairSnapshot) -> Bool) -> Bool {
            let end = SystemClock().now() + COLOMachine.patience
            if case .reached = service.wait(until: end, known: .max, goal: goal) { return true }
            return false
        }

        /// All that the other host sees of a process that is killed: its sockets end.
        func kill() async {
            colo.replication.shutDown()
            await service.shutDown()
            colo.migration.cancelChannel()
        }
    }

    /// Both hosts, with a proxy on the replication link.
    struct Hosts {
        let proxy: ChannelProxy
        let first: Host
        let second: Host

        init(
            encrypts: Bool = true, openForwards: @escaping @Sendable () -> Void = {},
            prepare: (COLOMachine) throws -> Void = { _ in }
        ) async throws {
            let folder = try TemporaryFolder()
            let (one, two) = try Member.freePorts()
            let (near, far, link) = (folder.path("first"), folder.path("second"), folder.path("link"))
            proxy = try ChannelProxy(listen: .unix(path: link), target: .unix(path: far))
            first = try Host(
                .first, folder, ports: (one, two), listenURI: "unix:\(near)", peerURI: "unix:\(link)",
                encrypts: encrypts, openForwards: openForwards)
            second = try Host(
                .second, folder, ports: (two, one), listenURI: "unix:\(far)", peerURI: "unix:\(near)",
                encrypts: encrypts, openForwards: openForwards)
            for host in [first, second] { try prepare(host.colo) }
            try await first.service.start()
            try await second.service.start()
            #expect(first.awaits { $0.isProtected }, "\(first.colo.log.notes) \(first.colo.log.events)")
            #expect(second.awaits { $0.isProtected }, "\(second.colo.log.notes) \(second.colo.log.events)")
        }

        /// The guest writes and sends a packet; when that has left, the secondary has what was written.
        func work(_ seed: UInt64) -> [UInt8] {
            let guest = first.colo
            guest.write(pages: stride(from: Int(seed % 7), to: 256, by: 3), seed: seed)
            let image = guest.ram
            guest.hold.send([UInt8(seed)])
            #expect(guest.awaits { guest.network.sent.last == [UInt8(seed)] })
            return image
        }
    }

    @Test func aKilledPrimaryIsReplacedAndNothingIsLost() async throws {
        let hosts = try await Hosts()
        var image: [UInt8] = []
        for seed: UInt64 in 1...5 { image = hosts.work(seed) }
        let left = hosts.first.colo.network.sent
        await hosts.first.kill()
        let second = hosts.second
        #expect(second.awaits { $0.report.isServing && $0.state == .unprotected && $0.term == Term(2) })
        #expect(firstDifference(second.colo.ram, image) == nil)
        #expect(second.colo.machine.runState == .running)
        second.colo.hold.send([99])
        #expect(second.colo.network.sent == [[99]])
        #expect(hosts.first.colo.network.sent == left)
        #expect(second.colo.log.events.filter { $0.hasPrefix("COLO_EXIT") }.count == 1)
        await second.kill()
    }

    /// Somebody else has the host port, on the side that boots the guest and on the one that takes it over.
    @Test func aHostPortThatDoesNotOpenKeepsNobodyFromServing() async throws {
        let opens = ThreadGate(false)
        let hosts = try await Hosts { _ = opens.wait { $0 ? true : nil } }
        let image = hosts.work(1)
        await hosts.first.kill()
        let second = hosts.second
        #expect(second.awaits { $0.report.isServing && $0.state == .unprotected && $0.term == Term(2) })
        #expect(firstDifference(second.colo.ram, image) == nil)
        opens.withLock { $0 = true }
        await second.kill()
    }

    /// What the guest sends begins the checkpoint that it waits for.
    @Test func outputWaitsForNoPeriod() async throws {
        let hosts = try await Hosts()
        let first = hosts.first.colo
        try first.migration.updateParameters { $0.checkpointDelay = 3_600_000 }
        first.replication.checkpointDelayChanged()
        for seed: UInt64 in 1...20 { _ = hosts.work(seed) }
        #expect(first.completed >= 20)
        await hosts.first.kill()
        await hosts.second.kill()
    }

    /// The run's copies of pages have a size of their own, which no change of a parameter drops.
    @Test func operatorsDoNotSizeTheCacheOfAPair() async throws {
        let hosts = try await Hosts()
        let first = hosts.first.colo
        func size() -> Int? { first.migration.withState { $0.outgoing }?.counters.xbzrle?.cacheSize }
        let before = try #require(size(), "the run of a pair sends differences")
        #expect(before >= first.machine.memory.totalSize)
        try first.migration.updateParameters { parameters in
            parameters.xbzrleCacheSize = 2 * UInt64(before)
            parameters.checkpointDelay = 30
        }
        _ = hosts.work(1)
        #expect(size() == before)
        await hosts.first.kill()
        await hosts.second.kill()
    }

    /// Between the end of replication and the end of the heartbeat nothing may make the secondary forget the guest.
    @Test func aPrimaryThatEndsInGoodOrderIsReplacedAndNothingIsLost() async throws {
        let hosts = try await Hosts()
        let image = hosts.work(1)
        let (first, second) = (hosts.first, hosts.second)
        first.colo.replication.shutDown()
        #expect(second.colo.log.awaits("COLO_EXIT secondary error"))
        let then = SystemClock().now()
        #expect(second.awaits { ($0.lastHeardAt ?? .zero) > then + .milliseconds(100) })
        #expect(second.service.snapshot.report.hasCheckpoint)
        await first.kill()
        #expect(second.awaits { $0.report.isServing && $0.state == .unprotected && $0.term == Term(2) })
        #expect(firstDifference(second.colo.ram, image) == nil)
        #expect(first.colo.network.sent == [[1]])
        await second.kill()
    }

    @Test func aKilledSecondaryLeavesThePrimaryServingAlone() async throws {
        let hosts = try await Hosts()
        _ = hosts.work(1)
        await hosts.second.kill()
        let first = hosts.first
        #expect(first.awaits { $0.state == .unprotected && $0.term == Term(3) })
        #expect(first.colo.awaits { first.colo.hold.mode == .passing })
        first.colo.hold.send([2])
        #expect(first.colo.network.sent == [[1], [2]])
        #expect(first.colo.machine.runState == .running)
        await first.kill()
    }

    /// The heartbeat goes on, so the two agree without an arbiter: the secondary gives its checkpoint up.
    @Test func aCutReplicationLinkLeavesThePrimaryServing() async throws {
        let hosts = try await Hosts()
        _ = hosts.work(1)
        let first = hosts.first
        hosts.proxy.arm(.cut(after: 3000), .toSecondary)
        first.colo.write(pages: 0..<100, seed: 5)
        first.colo.hold.send([2])
        #expect(first.awaits { $0.term == Term(3) && $0.report.isServing && !$0.isProtected })
        #expect(first.colo.awaits { first.colo.network.sent == [[1], [2]] })
        #expect(hosts.second.awaits { $0.term == Term(3) && !$0.report.hasCheckpoint && !$0.report.isServing })
        await first.kill()
        await hosts.second.kill()
    }

    /// A pair is protected, and stays so, whatever operators have set for migrations of their own.
    @Test func whatOperatorsSetForMigrationsOfTheirOwnDoesNotTouchThePair() async throws {
        let hosts = try await Hosts(prepare: { colo in
            try colo.migration.setCapabilities([
                MigrationCapabilityStatus(.xColo, false), MigrationCapabilityStatus(.events, false),
                MigrationCapabilityStatus(.returnPath, true), MigrationCapabilityStatus(.validateUuid, true),
                MigrationCapabilityStatus(.compress, true),
            ])
            try colo.migration.updateParameters { $0.tlsCredentials = "somebody's" }
        })
        let image = hosts.work(3)
        await hosts.first.kill()
        let second = hosts.second
        #expect(second.awaits { $0.report.isServing && $0.state == .unprotected })
        #expect(firstDifference(second.colo.ram, image) == nil)
        await second.kill()
    }

    @Test func aDrillMovesTheGuestWithAllItWasToldOf() async throws {
        let hosts = try await Hosts()
        let image = hosts.work(1)
        let (first, second) = (hosts.first, hosts.second)
        first.service.post(.drillCommanded)
        #expect(second.awaits { $0.report.isServing && $0.state == .unprotected && $0.term == Term(2) })
        #expect(firstDifference(second.colo.ram, image) == nil)
        // The old side is fenced and wants to begin anew as a waiting secondary.
        #expect(first.colo.log.awaits("log: restart:"))
        first.colo.hold.send([7])
        #expect(first.colo.network.sent == [[1]])
        #expect(first.colo.machine.runState != .running)
        await first.kill()
        await second.kill()
    }
}
