/// A laboratory for pairs: hosts made of network namespaces, `colod` processes on them, a Redis client with a ledger
/// of every acknowledged write, guests that move from host to host, a QMP client, and a real QEMU as the other end of a
/// channel. The tests that need more than one process, the demo and the benchmarks are written with it.
///
/// Nothing of a laboratory outlives the process that made it, however that ends: the namespaces have no name and go
/// with the last descriptor and process in them (with them go their bridges, taps and cables), and every process
/// started is killed by the kernel when the thread that started it ends.

import Environment
import SystemCalls

/// What went wrong in the laboratory, in words for the one who reads the test's or the demo's output.
public struct LabError: Error, CustomStringConvertible, Sendable, Equatable {
    /// One sentence.
    public let description: String

    /// An error that says `description`.
    public init(_ description: String) { self.description = description }
}

/// Waits for `time`; for what gives no event when it changes.
public func pause(_ time: Duration) {
    let nothing: Void? = ThreadGate(()).wait(until: SystemClock().now() + Nanoseconds(time)) { _ in nil }
    assert(nothing == nil)
}
