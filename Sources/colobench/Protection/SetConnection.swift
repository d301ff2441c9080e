import Environment
import Glibc
import PairLab
import SystemCalls

/// One connection of a load: sends SETs, a number at once, and the next ones when all of these were answered.
final class SetConnection {
    private static let valueSize = 100
    private static let keyDigits = 12
    private static let reply = Array("+OK\r\n".utf8)

    let socket: Descriptor
    private let pipeline: Int
    private var request: [UInt8]
    private let keyOffsets: [Int]
    private var unsent = 0
    private var answeredBytes = 0
    /// When the requests left that are not answered yet; nil before the first.
    private(set) var sentAt: Nanoseconds?
    /// Whether all requests that were sent at once have been answered at least once.
    private(set) var wasAnswered = false

    /// Begins to connect from `host`, which goes on in the background.
    init(to address: String, port: UInt16, from host: LabHost, pipeline: Int) throws {
        socket = try host.connect(SOCK_STREAM, to: address, port: port)
        SocketOption.set(socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
        self.pipeline = pipeline
        (request, keyOffsets) = Self.requests(pipeline)
    }

    private static func requests(_ count: Int) -> (bytes: [UInt8], keyOffsets: [Int]) {
        let head = "*3\r\n$3\r\nSET\r\n$\(keyDigits + 4)\r\nkey:"
        let value = "\r\n$\(valueSize)\r\n\(String(repeating: "x", count: valueSize))\r\n"
        let one = Array("\(head)\(String(repeating: "0", count: keyDigits))\(value)".utf8)
        return (
            Array(repeatElement(one, count: count).joined()), (0..<count).map { $0 * one.count + head.utf8.count }
        )
    }

    /// Sends the next requests, with keys that `key` gives. Whether all bytes have left.
    func sendNext(now: Nanoseconds, key: () -> Int?) throws -> Bool {
        for offset in keyOffsets {
            guard var number = key() else { break }
            for digit in (offset..<offset + Self.keyDigits).reversed() {
                request[digit] = UInt8(ascii: "0") + UInt8(number % 10)
                number /= 10
            }
        }
        (unsent, answeredBytes, sentAt) = (request.count, 0, now)
        return try sendRest()
    }

    /// Sends what the kernel had no room for before. Whether all bytes have left.
    func sendRest() throws -> Bool {
        while unsent > 0 {
            // SAFETY: the range ends where the array does, which lives through the call.
            let count = unsafe request.withUnsafeBytes { bytes in
                unsafe send(
                    socket.number, bytes.baseAddress.map { unsafe $0 + (bytes.count - unsent) }, unsent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN { return false }
            guard count > 0 else { throw SystemError(code: errno, call: "send") }
            unsent -= count
        }
        return true
    }

    /// Reads what has come. How many requests that answers, and whether none is left.
    func receive(into buffer: inout [UInt8]) throws -> (answers: Int, isDone: Bool) {
        // SAFETY: reads at most the buffer's length into it.
        let count = unsafe recv(socket.number, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN { return (0, false) }
        guard count > 0 else {
            throw LabError(count == 0 ? "Redis closed a connection" : "recv: \(SystemError.text(of: errno))")
        }
        let before = answeredBytes / Self.reply.count
        for index in 0..<count {
            guard buffer[index] == Self.reply[answeredBytes % Self.reply.count] else {
                throw LabError("Redis answered a SET with \(String(decoding: buffer[..<count], as: UTF8.self))")
            }
            answeredBytes += 1
        }
        let after = answeredBytes / Self.reply.count
        guard after <= pipeline else { throw LabError("Redis sent more answers than it got requests") }
        if after == pipeline { wasAnswered = true }
        return (after - before, after == pipeline)
    }
}
