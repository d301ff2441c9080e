import Glibc
import Synchronization
import SystemCalls

/// What became of the frames of a tap interface.
public struct TapCounters: Sendable, Equatable {
    /// From the guest, taken by the kernel.
    public var sent = FrameCount()
    /// Towards the guest, handed to the receiver.
    public var received = FrameCount()
    /// From the guest, lost: the queue was full, the interface down or gone, or the frame no Ethernet frame.
    public var dropped = FrameCount()

    /// All zero.
    public init() {}
}

/// A tap interface of the host: frames of the guest appear on it as if they came in from a wire.
public final class TapBackend: NetworkBackend {
    /// How many bytes wait in this process while the kernel takes no more; what comes then is dropped.
    public static let queueLimit = 1 << 20
    /// How many frames are read before the thread looks whether it should stop or write.
    private static let readBatch = 64

    fileprivate struct State: ~Copyable {
        var device: Descriptor?
        var waiting = FrameQueue()
        var thread: Thread?
        var stopping = false
        var counters = TapCounters()
        var failure: NetworkError?
    }

    /// The interface's name.
    public let name: String
    private let wake: EventSignal
    private let state: Mutex<State>

    /// Opens the tap interface `name` or creates it (then it goes with this back-end, at the latest with the process),
    /// makes it a port of `bridge` if one is given, and sets it up.
    public init(name: String, bridge: String? = nil) throws(NetworkError) {
        let interface = try TapInterface(name: name)
        let device = try interface.open()
        if let bridge { try interface.join(bridge: bridge) }
        try interface.bringUp()
        do { wake = try EventSignal() } catch { throw NetworkError("tap \(name)", error) }
        self.name = name
        state = Mutex(State(device: device))
    }

    /// What became of the frames so far.
    public var counters: TapCounters { state.withLock { $0.counters } }

    /// Why the back-end stopped working on its own (the interface was deleted); nil while all is well.
    public var failure: NetworkError? { state.withLock { $0.failure } }

    /// Hands the frame to the kernel, or queues it while that takes no more. Never blocks.
    public func send(_ frame: [UInt8]) {
        let mustWake = state.withLock { state in
            let wasEmpty = state.waiting.count == 0
            if wasEmpty, state.write(frame) { return false }
            guard state.device != nil, state.waiting.bytes + frame.count <= Self.queueLimit else {
                state.counters.dropped.add(frame.count)
                return false
            }
            state.waiting.append(frame)
            return wasEmpty
        }
        if mustWake { wake.raise() }
    }

    /// Starts the thread that reads from the interface.
    public func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        let failure = state.withLock { state -> NetworkError? in
            guard let number = state.device?.number, state.thread == nil else {
                return NetworkError(subject: "tap \(name)", problem: "started twice or after it was stopped")
            }
            do throws(SystemError) {
                state.thread = try Thread(name: "tap-\(name)") { self.run(device: number, receiver: receiver) }
                return nil
            } catch { return NetworkError("tap \(name)", error) }
        }
        if let failure { throw failure }
    }

    /// Ends the thread and closes the interface.
    public func stop() {
        let thread = state.withLock { state in
            state.stopping = true
            return state.thread.take()
        }
        wake.raise()
        thread?.join()
        state.withLock { state in
            state.device = nil
            state.waiting.removeAll()
        }
    }

    /// Waits until the thread has ended, for tests of the reasons it has to end on its own.
    func waitUntilEnded() { state.withLock { $0.thread.take() }?.join() }

    /// The thread: delivers what the interface has, and writes what waits once the kernel takes it.
    private func run(device: Int32, receiver: @Sendable ([UInt8]) -> Void) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: largestFrame, alignment: 16)
        defer { buffer.deallocate() }
        var watched = [
            pollfd(fd: device, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let (stopping, writing) = state.withLock { ($0.stopping, $0.waiting.count > 0) }
            if stopping { return }
            watched[0].events = Int16(POLLIN | (writing ? POLLOUT : 0))
            if poll(&watched, 2, -1) < 0 {
                if errno == EINTR { continue }
                return fail(SystemError(code: errno, call: "poll"))
            }
            if watched[1].revents != 0 { wake.lower() }
            let events = Int32(watched[0].revents)
            if events & (POLLERR | POLLHUP | POLLNVAL) != 0 { return fail(SystemError(code: ENODEV, call: "poll")) }
            if events & POLLOUT != 0 { flush() }
            if events & POLLIN != 0, let error = receive(device, buffer, receiver) { return fail(error) }
        }
    }

    /// Reads a batch of frames; returns an error after which the interface is of no use.
    private func receive(
        _ device: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ receiver: ([UInt8]) -> Void
    ) -> SystemError? {
        for _ in 0..<Self.readBatch {
            // SAFETY: reads at most the buffer's own length into it.
            let count = read(device, buffer.baseAddress, buffer.count)
            guard count > 0 else {
                return count == 0 || errno == EAGAIN || errno == EINTR ? nil : SystemError(code: errno, call: "read")
            }
            // Counted before the delivery: whoever sees the frame sees the count.
            let stopping = state.withLock { state in
                if !state.stopping { state.counters.received.add(count) }
                return state.stopping
            }
            if stopping { return nil }
            receiver(Array(buffer[..<count]))
        }
        return nil
    }

    private func flush() {
        state.withLock { state in
            while let frame = state.waiting.first, state.write(frame) { _ = state.waiting.popFirst() }
        }
    }

    private func fail(_ cause: SystemError) {
        state.withLock { state in
            state.failure = NetworkError(
                "tap \(name)", cause, advice: "the interface was deleted or detached; restart to create it again")
            state.device = nil
            state.waiting.removeAll()
        }
    }
}

extension TapBackend.State {
    /// Writes one frame; false if the kernel takes no more now. A frame that can never be written is dropped.
    mutating func write(_ frame: [UInt8]) -> Bool {
        guard let device = device?.number else {
            counters.dropped.add(frame.count)
            return true
        }
        while true {
            // SAFETY: writes the frame's own bytes.
            let written = Glibc.write(device, frame, frame.count)
            if written == frame.count {
                counters.sent.add(frame.count)
                return true
            }
            if written < 0, errno == EINTR { continue }
            if written < 0, errno == EAGAIN { return false }
            counters.dropped.add(frame.count)
            return true
        }
    }
}
