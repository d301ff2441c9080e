import Environment
import GuestMemory
import PairLab
import QAPI
import QMP
import Synchronization
import SystemCalls
import VirtualMachine

@testable import Migration

/// A migration of the matrix whose guest moves before its memory.
struct InteropPostcopy: Hashable, Sendable, CustomStringConvertible {
    /// What it is done with.
    enum Companion: Hashable, Sendable {
        case nothing, preempt, multifd, compress, xbzrle, releaseRAM, pauseBeforeSwitchover
        case tls(MigrationCredentials.Kind), tlsPreempt
    }

    let companion: Companion
    /// How often its channels break, and it goes on over another address.
    let recoveries: Int

    init(_ companion: Companion, recoveries: Int = 0) {
        self.companion = companion
        self.recoveries = recoveries
    }

    static let all: [InteropPostcopy] = [
        .init(.nothing), .init(.preempt), .init(.nothing, recoveries: 2), .init(.preempt, recoveries: 2),
        .init(.tls(.psk), recoveries: 1), .init(.tls(.x509), recoveries: 1), .init(.tlsPreempt, recoveries: 1),
        .init(.multifd), .init(.compress),
        .init(.xbzrle), .init(.releaseRAM), .init(.pauseBeforeSwitchover),
    ]

    var description: String {
        let words: String =
            switch companion {
            case .nothing: ""
            case .preempt: ", preempt"
            case .multifd: ", multifd ×2"
            case .compress: ", compress"
            case .xbzrle: ", xbzrle"
            case .releaseRAM: ", release-ram"
            case .pauseBeforeSwitchover: ", pause-before-switchover"
            case .tls(let kind): ", TLS \(kind.rawValue)"
            case .tlsPreempt: ", TLS psk, preempt"
            }
        return "postcopy" + words + (recoveries > 0 ? ", recovery ×\(recoveries)" : "")
    }

    func capabilities(ofSource isSource: Bool) -> [MigrationCapability] {
        switch companion {
        case .nothing, .tls: [.postcopyRam]
        case .preempt, .tlsPreempt: [.postcopyRam, .postcopyPreempt]
        case .multifd: [.postcopyRam, .multifd]
        case .compress: [.postcopyRam, .compress]
        case .xbzrle: isSource ? [.postcopyRam, .xbzrle] : [.postcopyRam]
        case .releaseRAM: isSource ? [.postcopyRam, .releaseRam] : [.postcopyRam]
        case .pauseBeforeSwitchover: isSource ? [.postcopyRam, .pauseBeforeSwitchover] : [.postcopyRam]
        }
    }

    /// Whether pages that are asked for have a channel of their own.
    var isPreempted: Bool { companion == .preempt || companion == .tlsPreempt }

    var credentials: MigrationCredentials.Kind? {
        switch companion {
        case .tls(let kind): kind
        case .tlsPreempt: .psk
        default: nil
        }
    }
}

/// What is said to one end of a postcopy, and asked of it.
protocol PostcopyEnd: AnyObject {
    /// Bytes a second, before the switchover and of the background after it; 0 is no limit.
    func limit(precopy: UInt64, postcopy: UInt64) throws
    func startPostcopy() throws
    func pause() throws
    /// Waits until the guest runs here.
    func awaitStart() throws
    func recover(at uri: String) throws
    func resume(to uri: String) throws
    /// What `query-migrate` says of RAM.
    func counters() throws -> (requests: Int64, remaining: Int64)
    /// What a page of the guest holds; who looks at one that is missing waits for it.
    func look(atPage page: Int) throws -> [UInt8]
}

extension ColodEnd {
    func limit(precopy: UInt64, postcopy: UInt64) throws {
        // In each wait for bandwidth the other end is told that this one lives.
        machine.controller.outgoingLimits.withLock { $0.word = .milliseconds(20) }
        try machine.controller.updateParameters { values in
            values.maxBandwidth = precopy
            values.maxPostcopyBandwidth = postcopy
        }
    }

    func startPostcopy() throws { try machine.controller.migrateStartPostcopy() }
    func pause() throws { try machine.controller.migratePause() }
    func awaitStart() throws { try awaitStatus("resume") }
    func recover(at uri: String) throws { try machine.controller.migrateRecover(uri: uri) }
    func resume(to uri: String) throws { try machine.controller.migrate(uri: uri, resume: true).start() }

    func counters() throws -> (requests: Int64, remaining: Int64) {
        guard let ram = machine.controller.queryMigrate().ram else { throw LabError("colod has no counters") }
        return (ram.postcopyRequests, ram.remaining)
    }

    func look(atPage page: Int) throws -> [UInt8] { try GuestLook(atPage: page, of: machine).bytes() }
}

extension QEMUEnd {
    func limit(precopy: UInt64, postcopy: UInt64) throws {
        try peer.setParameters([
            "max-bandwidth": JSONValue(Int(precopy)), "max-postcopy-bandwidth": JSONValue(Int(postcopy)),
        ])
    }

    func startPostcopy() throws { try peer.execute("migrate-start-postcopy") }
    func pause() throws { try peer.execute("migrate-pause") }
    func awaitStart() throws { try peer.awaitStart() }
    func recover(at uri: String) throws { try peer.execute("migrate-recover", ["uri": .string(uri)]) }
    func resume(to uri: String) throws { try peer.execute("migrate", ["uri": .string(uri), "resume": true]) }

    func counters() throws -> (requests: Int64, remaining: Int64) {
        let ram = try peer.execute("query-migrate")["ram"]
        guard let requests = ram?["postcopy-requests"]?.integer, let remaining = ram?["remaining"]?.integer else {
            throw LabError("QEMU has no counters")
        }
        return (Int64(requests), Int64(remaining))
    }

    func look(atPage page: Int) throws -> [UInt8] { try peer.memory(at: page * 4096, count: 4096) }
}

/// A thread that looks at a page of a guest, and waits for it if it is missing.
struct GuestLook {
    let page: Int
    private let machine: TestMachine
    private let found = ThreadGate<[UInt8]?>(nil)

    init(atPage page: Int, of machine: TestMachine) throws {
        (self.page, self.machine) = (page, machine)
        _ = try Thread(name: "guest") { [found] in
            let bytes = machine.machine.memory.read(UInt64(page) * 4096, count: 4096) ?? []
            found.withLock { $0 = bytes }
        }
    }

    /// Whether it has seen the page.
    var isOver: Bool { found.withLock(notify: false) { $0 != nil } }

    /// What the page holds, once it is there.
    func bytes() throws -> [UInt8] {
        guard let bytes = found.wait(until: SystemClock().now() + .seconds(20), { $0 }) else {
            throw LabError("page \(page) does not come: \(machine.log.lines)")
        }
        return bytes
    }
}
