import Environment
import Glibc
import PairLab
import Synchronization
import SystemCalls

/// A client of a management socket that does nothing but send one command and wait for its reply, as fast as it can.
/// The same code asks colod and QEMU.
final class QMPLoadClient {
    /// How long an answer may take before the measurement is given up, in seconds.
    private static let patience = 20

    private static let command = Array(#"{"execute":"query-status"}"#.utf8)
    private let socket: Descriptor
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Connects and negotiates.
    init(path: String) throws {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        socket = try UnixSocket.connect(path, within: .seconds(UInt64(Self.patience)))
        try socket.setNonBlocking(false)
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        unsafe setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try awaitLines(1)
        try send(Array(#"{"execute":"qmp_capabilities"}"#.utf8))
        try awaitLines(1)
    }

    /// Sends `depth` commands at once and waits for all their replies, over and over until `end`; returns how many
    /// were answered.
    func run(depth: Int, until end: Nanoseconds) throws -> Int {
        let clock = SystemClock()
        let request = (0..<depth).flatMap { _ in Self.command }
        var count = 0
        while clock.now() < end {
            try send(request)
            try awaitLines(depth)
            count += depth
        }
        return count
    }

    /// How long one command takes, in milliseconds.
    func latency() throws -> Double {
        let clock = SystemClock()
        let start = clock.now()
        try send(Self.command)
        try awaitLines(1)
        return (clock.now() - start).inMilliseconds
    }

    private func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: sends from a slice that lives for the call, never more than its length.
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(socket.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw LabError(unsafe "send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads until `count` lines have ended.
    private func awaitLines(_ count: Int) throws {
        var missing = count
        while missing > 0 {
            // SAFETY: reads at most the buffer's length into it.
            let length = unsafe recv(socket.number, &buffer, buffer.count, 0)
            guard length > 0 else { throw LabError(unsafe "no answer: \(String(cString: strerror(errno)))") }
            missing -= buffer[..<length].count { $0 == UInt8(ascii: "\n") }
        }
    }
}

/// Several clients at once, each on a thread of its own.
enum QMPLoad {
    /// Commands per second that the clients of `paths` together get answered within `time`.
    static func rate(of paths: [String], depth: Int, for time: Nanoseconds) throws -> Double {
        let clients = try paths.map { try QMPLoadClient(path: $0) }
        let clock = SystemClock()
        let start = clock.now()
        let end = start + time
        let counts = Mutex<[Int]>([])
        let problem = Mutex<String?>(nil)
        let threads = try clients.map { client in
            let client = Owned(client)
            return try Thread(name: "client") {
                do {
                    let count = try client.value.run(depth: depth, until: end)
                    counts.withLock { $0.append(count) }
                } catch { problem.withLock { $0 = "\(error)" } }
            }
        }
        for thread in threads { thread.join() }
        if let problem = problem.withLock({ $0 }) { throw LabError(problem) }
        return Double(counts.withLock { $0.reduce(0, +) }) / (clock.now() - start).inMilliseconds * 1000
    }

    /// Lets a client travel to the thread that uses it.
    private struct Owned: @unchecked Sendable {
        // SAFETY: the client is used by the one thread that it is given to.
        let value: QMPLoadClient
        init(_ value: QMPLoadClient) { self.value = value }
    }
}
