import Glibc
import PairLab
import QAPI
import SystemCalls

/// System calls of a running process that take long: strace(1) attaches to all its threads.
///
/// strace stops a thread at each of its system calls, of whatever kind, so the process is slower all the time.
final class SystemCallFault {
    private let tracer: ManagedProcess
    private let folder: TemporaryFolder

    /// Delays each of `calls` ("fsync", "pread64,preadv") of `process` and of its threads.
    init(delaying calls: String, by delay: Duration, in process: ManagedProcess) throws {
        folder = try TemporaryFolder(prefix: "colod-fault")
        let microseconds = delay / .microseconds(1)
        tracer = try LabHost(sharingMachineNetworkAs: "tracer").start(
            [
                "strace", "-f", "-o", folder.path("calls"), "-p", "\(process.identifier)", "-e", "trace=\(calls)", "-e",
                "inject=\(calls):delay_enter=\(Int(microseconds))",
            ], log: folder.path("log"))
        let end = ContinuousClock.now + .seconds(10)
        while !tracer.output.contains("attached") {
            guard tracer.status == nil, ContinuousClock.now < end else {
                throw LabError("strace does not attach: \(tracer.output)")
            }
            usleep(20_000)
        }
    }

    /// Lets the process run as before.
    func end() {
        tracer.send(SIGTERM)
        tracer.waitForExit(within: .seconds(10))
    }

    deinit { end() }

    /// How many calls were delayed so far, at least.
    var delayedCalls: Int { ((try? folder.read("calls")) ?? "").split(separator: "\n").count { $0.contains("(") } }
}

extension ProtectedPair {
    /// What both sides say at about the same time. A side that begins anew is asked again once it listens.
    func serving(_ side: Side) throws -> Bool {
        try waitForStatus(of: side, "answering", within: .seconds(10)) { _ in true }.serving
    }

    /// Whether one host was seen serving both before and after the other one was: then both served at one time.
    func bothServe() throws -> Bool {
        guard try serving(.a), try serving(.b) else { return false }
        return try serving(.a)
    }
}
