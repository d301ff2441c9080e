import Glibc
import Synchronization
import SystemCalls

// The thread: delivers what the interface has, writes what waits once the kernel takes it, and makes the interface again
// when it is gone.
extension TapBackend {
    /// How many frames are read before the thread looks whether it should stop or write.
    private static let readBatch = 64
    /// How often the interface is looked at, and a lost one is tried to be made again. Its deletion is noticed at once.
    static let checkMilliseconds: Int32 = 500

    func run(_ receiver: @Sendable ([UInt8]) -> Void) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: largestFrame, alignment: 16)
        defer { unsafe buffer.deallocate() }
        if state.withLock({ $0.device == nil }) { restore(after: SystemError(code: ENODEV, call: "open")) }
        while let device = state.withLock({ $0.device?.number }) {
            guard let cause = unsafe serve(device, buffer, receiver) else { return }
            state.withLock { state in
                state.device = nil
                state.waiting.removeAll()
            }
            setFailure(
                NetworkError("tap \(name)", cause, advice: "the interface was deleted or detached; making it again"))
            restore(after: cause)
        }
    }

    /// Serves the interface for as long as it is there; returns why it is not, or nil when the back-end is to stop.
    private func serve(
        _ device: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ receiver: ([UInt8]) -> Void
    ) -> SystemError? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var watched = [
            pollfd(fd: device, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        var check = RepeatedCheck(milliseconds: Self.checkMilliseconds)
        while true {
            let (stopping, writing) = state.withLock { ($0.stopping, $0.waiting.count > 0) }
            if stopping { return nil }
            watched[0].events = Int16(POLLIN | (writing ? POLLOUT : 0))
            if Poll.wait(for: &watched, milliseconds: Self.checkMilliseconds) < 0 {
                if errno == EINTR { continue }
                return SystemError(code: errno, call: "poll")
            }
            if watched[1].revents != 0 { wake.lower() }
            let events = Int32(watched[0].revents)
            if events & (POLLERR | POLLHUP | POLLNVAL) != 0 { return SystemError(code: ENODEV, call: "poll") }
            if events & POLLOUT != 0 { flush() }
            if events & POLLIN != 0, let error = unsafe receive(device, buffer, receiver) { return error }
            if check.isDue { setFailure(port.obstacle()) }
        }
    }

    /// Reads a batch of frames; returns an error after which the interface is of no use.
    private func receive(
        _ device: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ receiver: ([UInt8]) -> Void
    ) -> SystemError? {
        for _ in 0..<Self.readBatch {
            // SAFETY: reads at most the buffer's own length into it.
            let count = unsafe read(device, buffer.baseAddress, buffer.count)
            guard count > 0 else {
                return count == 0 || errno == EAGAIN || errno == EINTR ? nil : SystemError(code: errno, call: "read")
            }
            // Counted before the delivery: a reader of the frame sees the count.
            let stopping = state.withLock { state in
                if !state.stopping { state.counters.received.add(count) }
                return state.stopping
            }
            if stopping { return nil }
            unsafe receiver(Array(buffer[..<count]))
        }
        return nil
    }

    private func flush() {
        state.withLock { state in
            while let frame = state.waiting.first, state.write(frame) { _ = state.waiting.popFirst() }
        }
    }

    /// Makes the interface again, trying until that works or the back-end is to stop.
    private func restore(after cause: SystemError) {
        while !state.withLock({ $0.stopping }) {
            do throws(NetworkError) {
                var device: Descriptor? = try port.open()
                state.withLock { $0.device = device.take() }
                return setFailure(nil)
            } catch {
                setFailure(
                    NetworkError(
                        "tap \(name)", cause,
                        advice: "the interface was deleted or detached; making it again fails: \(error)"))
            }
            var signal = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
            if Poll.wait(for: &signal, milliseconds: Self.checkMilliseconds) > 0 { wake.lower() }
        }
    }
}
