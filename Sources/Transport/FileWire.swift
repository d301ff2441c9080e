import Environment
import Glibc
import Synchronization
import SystemCalls

/// A regular file that a client has passed, used from where it stands.
final class FileWire: WireEnd, Sendable {
    let name = "file"
    let canReceive = false
    let holdsBytes = true
    private let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the reader lends until the call returns.
        Wire.Outcome(uninterrupted { unsafe readv(descriptor.number, places, Int32(count)) }, .reading)
    }

    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the writer keeps valid until the call returns.
        Wire.Outcome(uninterrupted { unsafe writev(descriptor.number, pieces, Int32(count)) }, .writing)
    }

    /// A file is ready whatever happens.
    func wait(for direction: Wire.Direction, until deadline: Nanoseconds, orUntil other: Int32) -> PollResult {
        other >= 0 && isReadable(other) ? .cancelled : .ready
    }

    /// Nobody waits for a file; the channel looks at its end before each call.
    func interrupt() {}

    func closeWriting() {}
}
