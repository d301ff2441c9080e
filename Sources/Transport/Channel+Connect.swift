import CLinux
public import Environment
import Glibc
public import SystemCalls

extension Channel {
    /// Connects to `address`, trying each address that its name stands for, within `deadline` altogether, which the
    /// lookup of the name is part of. A command is started. A passed descriptor is nothing to connect to: `adopt` it.
    public static func connect(
        to address: MigrationAddress, cancellation: Cancellation,
        within deadline: Nanoseconds = .milliseconds(Transport.connectDeadlineMilliseconds),
        lookup: NameLookup = .system
    ) throws(TransportError) -> Channel {
        if case .exec(let command) = address { return try execute(command) }
        guard !address.isDescriptor else { throw .unknownDescriptor(name: address.name) }
        let end = SystemClock().now() + deadline
        var failure = TransportError.badAddress("no address for '\(address.name)'")
        let candidates = try SocketAddress.resolve(
            address, passive: false, by: lookup, until: end, cancellation: cancellation)
        for candidate in candidates {
            do {
                return try connect(to: candidate, named: address, cancellation: cancellation, until: end, deadline)
            } catch .cancelled {
                throw .cancelled
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        to candidate: SocketAddress, named address: MigrationAddress, cancellation: Cancellation,
        until end: Nanoseconds, _ deadline: Nanoseconds
    ) throws(TransportError) -> Channel {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let action = "Failed to connect to '\(address.name)'"
        let number = try candidate.makeSocket()
        let descriptor = Descriptor(owning: number)
        if unsafe candidate.withSocketAddress({ unsafe Glibc.connect(number, $0, $1) }) != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw .last(action) }
            switch waitReady(number, POLLOUT, until: end, cancellation: cancellation.descriptor) {
            case .cancelled: throw .cancelled
            case .timedOut: throw .stalled(action: action, milliseconds: UInt64(deadline.inMilliseconds))
            case .ready: break
            }
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { throw .failed(action: action, reason: systemReason(code)) }
        }
        return Channel(descriptor, name: address.name)
    }
}
