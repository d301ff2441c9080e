import Glibc
import QMP
import SystemCalls

/// The socket of one client, with what is to be sent and the descriptors that came. Used on the loop's thread only.
final class MonitorConnection {
    /// What `receive` came to.
    enum Input {
        case bytes([UInt8])
        case nothing
        /// The client sends nothing more.
        case ended
    }

    let outbox: Outbox
    let passed: PassedDescriptors
    private let socket: Descriptor
    private let loop: MonitorLoop
    private let readBytes: Int
    private var token: UInt64 = 0
    private var interest: Poller.Readiness = []
    private var isListening = false
    private var sending: [UInt8] = []
    private var sentBytes = 0
    private(set) var isClosed = false
    /// The client takes nothing more. What it had sent before can still be received.
    private(set) var isAbandoned = false

    init(socket: consuming Descriptor, loop: MonitorLoop, isPretty: Bool, limits: ManagementLimits) {
        self.socket = socket
        self.loop = loop
        readBytes = limits.readBytes
        outbox = Outbox(isPretty: isPretty, limit: limits.unsentBytes)
        passed = PassedDescriptors()
    }

    /// Has `handler` called from now on when there is something to do.
    func open(_ handler: @escaping MonitorLoop.Handler) throws(SystemError) {
        token = try loop.add(socket.number, [], handler)
    }

    /// The client has gone: nothing is sent any more, and the handler is not called any more.
    func abandon() {
        guard !isClosed, !isAbandoned else { return }
        isAbandoned = true
        loop.remove(socket.number, token: token)
        outbox.close()
        (sending, sentBytes) = ([], 0)
    }

    /// Ends the connection at once; may be called again.
    func close() {
        guard !isClosed else { return }
        abandon()
        isClosed = true
        passed.replace(with: [])
        // The descriptor itself lives as long as this object; the client sees the end now.
        shutdown(socket.number, Int32(SHUT_RDWR))
    }

    /// Whether the handler is called when the client has sent something.
    func listen(_ on: Bool) {
        isListening = on
        updateInterest()
    }

    /// Whether something has come that was not taken: recv(2) MSG_PEEK.
    var hasInput: Bool {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var byte: UInt8 = 0
        return unsafe recv(socket.number, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 1
    }

    /// Takes what has come.
    func receive() -> Input {
        var descriptors: [Int32] = []
        var outcome = StreamMessage.Outcome.wouldBlock
        // SAFETY: recvmsg fills the front of the array, and only as much as it reports becomes part of it.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: readBytes) { buffer, count in
            outcome = unsafe StreamMessage.receive(
                socket.number, into: UnsafeMutableRawBufferPointer(buffer), descriptors: &descriptors)
            if case .bytes(let received) = outcome { count = received }
        }
        if !descriptors.isEmpty { passed.replace(with: descriptors) }
        switch outcome {
        case .bytes(0), .failed: return .ended
        case .bytes: return .bytes(bytes)
        case .wouldBlock: return .nothing
        }
    }

    /// Sends what the client takes now, and the rest once there is room.
    func flush() {
        while !isAbandoned {
            if sentBytes == sending.count {
                sending = outbox.takeWaiting()
                sentBytes = 0
                if sending.isEmpty { break }
            }
            // SAFETY: sends from an array that lives for the call; the count never passes what is left of it.
            let count = unsafe sending.withUnsafeBytes { bytes in
                unsafe StreamMessage.send(socket.number, UnsafeRawBufferPointer(rebasing: bytes[sentBytes...]))
            }
            guard let count else { return abandon() }
            if count == 0 { break }
            sentBytes += count
            outbox.sent(count)
        }
        updateInterest()
    }

    private func updateInterest() {
        guard !isAbandoned else { return }
        var wanted: Poller.Readiness = isListening ? .readable : []
        if sentBytes < sending.count { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        loop.change(socket.number, wanted, token: token)
    }
}
