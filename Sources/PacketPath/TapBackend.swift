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

    struct State: ~Copyable {
        var device: Descriptor?
        var waiting = FrameQueue()
        var thread: Thread?
        var stopping = false
        var counters = TapCounters()
    }

    /// The interface's name.
    public let name: String
    let port: TapPort
    let wake: EventSignal
    let state: Mutex<State>
    /// Apart from `state`, which is held while the kernel takes a frame.
    private let trouble = Mutex<NetworkError?>(nil)

    /// Opens the tap interface `name` or creates it (then it goes with this back-end, at the latest with the process),
    /// makes it a port of `bridge` if one is given, and sets it up. With `waitsForBridge` a bridge that does not exist yet
    /// is no error but a `failure`: once started, the back-end goes on as soon as it is there.
    public init(name: String, bridge: String? = nil, waitsForBridge: Bool = false) throws(NetworkError) {
        port = try TapPort(name: name, bridge: bridge)
        var device: Descriptor?
        do throws(NetworkError) {
            device = try port.open()
        } catch {
            guard waitsForBridge, port.lacksBridge else { throw error }
            trouble.withLock { $0 = error }
        }
        do { wake = try EventSignal() } catch { throw NetworkError("tap \(name)", error) }
        self.name = name
        state = Mutex(State(device: device.take()))
    }

    /// What became of the frames so far.
    public var counters: TapCounters { state.withLock { $0.counters } }

    /// Why the interface carries nothing now (it was deleted, is down, or its bridge is gone); nil while all is well.
    /// Once started, the back-end notices that by itself, makes a deleted interface again, and recovers.
    public var failure: NetworkError? { trouble.withLock { $0 } }

    func setFailure(_ failure: NetworkError?) { trouble.withLock { $0 = failure } }

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
        let waitsForBridge = trouble.withLock { $0 != nil }
        let failure = state.withLock { state -> NetworkError? in
            guard state.device != nil || waitsForBridge, state.thread == nil, !state.stopping else {
                return NetworkError(subject: "tap \(name)", problem: "started twice or after it was stopped")
            }
            do throws(SystemError) {
                state.thread = try Thread(name: "tap-\(name)") { self.run(receiver) }
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
            let written = unsafe Glibc.write(device, frame, frame.count)
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
