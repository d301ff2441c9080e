import Environment
import GuestMemory
import Migration
import PairLab
import QAPI
import ReplicationCore
import Testing
import Transport
import VirtualMachine

@testable import Replication

/// Two machines of this process in COLO, with checkpoints on demand, as management would have set them up.
struct COLOPair {
    struct NotInCOLO: Error { let events: [String] }

    let primary: COLOMachine
    let secondary: COLOMachine
    /// Between the two, if it was asked for.
    let proxy: ChannelProxy?
    private let folder: TemporaryFolder

    enum Link: Sendable { case tcp, unix, proxy }

    init(
        _ link: Link = .tcp, pages: Int = 256, checkpointDelay: UInt32 = 3_600_000, holdLimit: Int = 1 << 20,
        limits: ReplicationService.Limits = ReplicationService.Limits()
    ) throws {
        folder = try TemporaryFolder()
        primary = try COLOMachine(
            pages: pages, checkpointDelay: checkpointDelay, holdLimit: holdLimit, limits: limits)
        secondary = try COLOMachine(incoming: true, pages: pages, limits: limits)
        let path = folder.path("replication")
        primary.write(pages: stride(from: 0, to: pages, by: 3), seed: 1)
        try primary.machine.run()
        switch link {
        case .unix, .proxy: try secondary.migration.migrateIncoming(uri: "unix:\(path)")
        case .tcp: try secondary.migration.migrateIncoming(uri: "tcp:127.0.0.1:0")
        }
        var uri = link == .tcp ? "tcp:127.0.0.1:\(secondary.port)" : "unix:\(path)"
        if link == .proxy {
            let proxy = try ChannelProxy(listen: .unix(path: path + ".proxy"), target: .unix(path: path))
            uri = proxy.uri
            self.proxy = proxy
        } else {
            proxy = nil
        }
        try primary.migration.migrate(uri: uri).start()
        let (primary, secondary) = (primary, secondary)
        let isThere = primary.awaits {
            primary.mode == .primary && primary.machine.runState == .running && secondary.mode == .secondary
                && secondary.machine.runState == .running
        }
        guard isThere else { throw NotInCOLO(events: primary.log.events + secondary.log.events) }
    }
}
