import NIOCore
import Synchronization

/// What one client has yet to take: replies and events in the order they were put in, from any thread.
final class Outbox: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// Bytes that the channel has but the kernel has not.
        var writing = 0
        var isFlushScheduled = false
        var isClosed = false
    }

    private let channel: any Channel
    private let limit: Int
    private let notice: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(channel: any Channel, limit: Int, notice: @escaping @Sendable (String) -> Void) {
        self.channel = channel
        self.limit = limit
        self.notice = notice
    }

    /// Bytes that the client has not taken.
    var unsentBytes: Int { state.withLock { $0.waiting.count + $0.writing } }

    /// Appends a reply. Replies are bounded by reading no more requests while they wait.
    func append(reply: [UInt8]) { append(reply, within: .max) }

    /// Appends an event, or closes the connection if too much waits already.
    func append(event: [UInt8]) { append(event, within: limit) }

    private func append(_ bytes: [UInt8], within limit: Int) {
        enum Consequence { case nothing, flush, close }
        let consequence = state.withLock { state -> Consequence in
            if state.isClosed { return .nothing }
            if state.waiting.count + state.writing + bytes.count > limit {
                state.isClosed = true
                state.waiting = []
                return .close
            }
            state.waiting += bytes
            defer { state.isFlushScheduled = true }
            return state.isFlushScheduled ? .nothing : .flush
        }
        switch consequence {
        case .nothing: break
        case .flush: channel.eventLoop.execute { self.flush() }
        // Never at once: the caller may hold the hub's lock, which the end of the connection takes too.
        case .close:
            channel.eventLoop.execute { [channel, notice] in
                notice("a client left more than \(limit) bytes unread and was disconnected")
                channel.close(promise: nil)
            }
        }
    }

    private func flush() {
        let bytes = state.withLock { state -> [UInt8] in
            state.isFlushScheduled = false
            state.writing += state.waiting.count
            defer { state.waiting = [] }
            return state.waiting
        }
        guard !bytes.isEmpty else { return }
        let buffer = channel.allocator.buffer(bytes: bytes)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { [self] _ in
            state.withLock { $0.writing -= bytes.count }
            channel.pipeline.fireUserInboundEventTriggered(OutboxEvent.progress)
        }
        channel.writeAndFlush(buffer, promise: promise)
    }

    /// Takes nothing more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.waiting = []
        }
    }
}

/// Tells the handler that the client took something.
enum OutboxEvent: Sendable { case progress }
