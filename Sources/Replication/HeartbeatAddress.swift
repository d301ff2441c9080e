import Glibc
import NIOCore
import NIOPosix
import SystemCalls

/// One address of the heartbeat as the configuration names it.
struct HeartbeatAddress: Sendable, Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    /// As an operator writes it.
    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// How long a name server may take.
    static let lookupTimeout = TimeAmount.seconds(5)
    /// Apart from that of migrations: a heartbeat tries again and again.
    static let lookup = NameLookup(limit: 4)

    /// The numeric address. A name is looked up on a thread of its own, because a name server may be slow.
    func resolve(
        on loop: any EventLoop, by lookup: NameLookup = Self.lookup, within timeout: TimeAmount = Self.lookupTimeout
    ) -> EventLoopFuture<SocketAddress> {
        if let numeric = try? SocketAddress(ipAddress: host, port: port) { return loop.makeSucceededFuture(numeric) }
        let promise = loop.makePromise(of: SocketAddress.self)
        // Whichever of the two comes second changes nothing.
        let limit = loop.scheduleTask(in: timeout) {
            let milliseconds = UInt64(timeout.nanoseconds / 1_000_000)
            promise.fail(NameLookup.Failure.noAnswer(milliseconds: milliseconds))
        }
        do {
            try lookup.begin(.init(host: host, port: "\(port)", isPassive: false)) { [host] answer in
                limit.cancel()
                promise.completeWith(answer.flatMap { Self.first($0, host) }.mapError { $0 as any Error })
            }
        } catch {
            limit.cancel()
            promise.fail(error)
        }
        return promise.futureResult
    }

    private static func first(
        _ found: [NameLookup.Address], _ host: String
    ) -> Result<SocketAddress, NameLookup.Failure> {
        for address in found {
            // SAFETY: an address of a family has at least the size of its structure, which is looked at first.
            let result: SocketAddress? = unsafe address.bytes.withUnsafeBytes { raw in
                switch address.family {
                case AF_INET where raw.count >= MemoryLayout<sockaddr_in>.size:
                    unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in.self), host: host)
                case AF_INET6 where raw.count >= MemoryLayout<sockaddr_in6>.size:
                    unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self), host: host)
                default: nil
                }
            }
            if let result { return .success(result) }
        }
        return .failure(.refused("no address"))
    }

    /// Whether an interface of this host has `address` now: a bind(2) that does not insist, of a socket that nobody
    /// hears of.
    static func isLocal(_ address: SocketAddress) -> Bool {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var anyPort = address
        anyPort.port = 0
        let family = anyPort.protocol.rawValue
        let probe = socket(family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // Without a descriptor to ask with, nothing is known against the address.
        guard probe >= 0 else { return true }
        defer { close(probe) }
        return unsafe anyPort.withSockAddr { raw, length in unsafe bind(probe, raw, socklen_t(length)) } == 0
    }
}

/// Why an address could not be listened on.
struct ListenProblem: Error, Equatable, CustomStringConvertible {
    let address: HeartbeatAddress
    let reason: String
    /// The address, its interface or its name does not exist yet: waiting is all that can be done.
    let isAbsence: Bool
    /// What the operator can do.
    let advice: String?

    init(_ address: HeartbeatAddress, _ error: any Error) {
        self.address = address
        guard let code = (error as? IOError)?.errnoCode else {
            // A name that cannot be looked up.
            (reason, isAbsence, advice) = ("\(error)", true, nil)
            return
        }
        reason = SystemError.text(of: code)
        isAbsence = [EADDRNOTAVAIL, ENODEV, ENETDOWN, ENETUNREACH, EINVAL].contains(code)
        advice =
            switch code {
            case EADDRINUSE: "another program has this port; 'ss -ltnp' names it"
            case EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE; use a higher one"
            default: nil
            }
    }

    /// As an operator reads it.
    var description: String {
        "cannot listen for heartbeats on \(address): \(reason)" + (advice.map { " (\($0))" } ?? "")
    }
}
