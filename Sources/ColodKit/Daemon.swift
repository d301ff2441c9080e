import CLinux
import Configuration
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

    /// Runs until a signal, `quit` or the guest's power-off ends it. Throws `StartFailure` if it cannot begin, and when
    /// the guest broke.
    public static func run(_ configuration: ColodConfiguration) async throws {
        bootstrapLogging()
        signal(SIGPIPE, SIG_IGN)
        let parts = try await DaemonParts(configuration)
        try await parts.begin()
        let end = await parts.waitForEnd()
        await parts.finish(end)
        switch end {
        case .restart: try beginAnew()
        case .failure(let why), .incomingFailure(let why): throw StartFailure(why)
        default: return
        }
    }

    /// Replaces this process by a fresh one with the same arguments: execv(3). All descriptors are close-on-exec, so
    /// nothing of the old life stays but the process id, which systemd goes by, and the sockets that it passed.
    private static func beginAnew() throws -> Never {
        keepListenDescriptors()
        let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", arguments)
        throw StartFailure("cannot begin anew: \(String(cString: strerror(errno)))")
    }
}
