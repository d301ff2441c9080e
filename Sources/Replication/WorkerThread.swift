import SystemCalls

/// A thread that does pieces of work one after the other, in the order in which they were handed in.
final class WorkerThread: Sendable {
    private struct Queue {
        var work: [@Sendable () -> Void] = []
        var ended = false
    }
    private let queue = ThreadGate(Queue())

    init(name: String) throws(SystemError) {
        _ = try Thread(name: name) { [queue] in
            while true {
                let next = queue.wait { queue -> (@Sendable () -> Void)?? in
                    if !queue.work.isEmpty { return .some(queue.work.removeFirst()) }
                    return queue.ended ? .some(nil) : nil
                }
                guard let work = next ?? nil else { return }
                work()
            }
        }
    }

    /// Hands in a piece of work.
    func perform(_ work: @escaping @Sendable () -> Void) { queue.withLock { $0.work.append(work) } }

    /// Ends the thread once everything handed in is done.
    func shutDown() { queue.withLock { $0.ended = true } }
}
