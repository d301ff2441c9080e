import CLinux
public import Configuration
import Diagnostics
import Environment
import Glibc
import Logging
import ManagementServer
import Migration
import NIOCore
import NIOPosix
import QAPI
import QMP
import Replication
import ReplicationCore
import ServiceHost
import Synchronization
import SystemCalls
import UnixSignals
import VirtualMachine

/// Why a daemon ends.
enum DaemonEnd: Sendable, Equatable {
    /// The command `quit`.
    case quit
    /// SIGTERM, SIGINT or SIGHUP.
    case signal
    /// The guest powered itself off.
    case guestPowerOff
    /// The guest can no longer run; the text says why.
    case failure(String)
    /// An incoming migration failed, and with it the guest that never ran here; no event tells of that.
    case incomingFailure(String)
    /// This process is to begin anew as a waiting member of its pair; the text says why.
    case restart(String)
}

/// The life of one `colod` process.
public enum Daemon {
    /// How long migrations, clients and threads may take to end.
    static let endDeadline = Nanoseconds.seconds(5)
    /// How much longer than its rules allow a side that is stopped waits for its pair to be left.
    static let leaveSlack = Nanoseconds.seconds(3)

    /// How long the beginning may take, of which the service manager is told while it lasts: a large guest's memory has
    /// to be found first.
    static let startLimit = Nanoseconds.seconds(600)
    /// What one sign of a beginning that goes on is good for.
    static let startExtension = Nanoseconds.seconds(30)
    /// How long the end of a life may take before another one begins in the same process.
    static let turnLimit = Nanoseconds.seconds(30)

    /// Runs until a signal, `quit` or the guest's power-off ends it. Throws `StartFailure` if it cannot begin, and when
    /// the guest broke.
    public static func run(_ configuration: ColodConfiguration) async throws {
        bootstrapLogging()
        BeginAnew.restoreName()
        // Without descriptors 0, 1 and 2 the next file opened would become one of them.
        try? Descriptor.fillStandardNumbers()
        signal(SIGPIPE, SIG_IGN)
        let parts = try await DaemonParts(configuration)
        try await parts.begin()
        let end = await parts.waitForEnd()
        await parts.finish(end)
        switch end {
        // A stop that was asked for meanwhile is a stop.
        case .restart: if !parts.wasAskedToEnd { try BeginAnew.execute() }
        case .failure(let why), .incomingFailure(let why): throw StartFailure(why)
        default: return
        }
    }
}
