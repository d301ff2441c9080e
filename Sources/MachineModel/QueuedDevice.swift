/// A device that takes requests out of queues in the guest's memory when it is notified of them.
///
/// That it was notified is not part of its state: a request for which the notification came, and which still stands in its
/// queue when the state is saved, would stay there for ever.
public protocol QueuedDevice: AnyObject, Sendable {
    /// Looks at every queue as if its driver had notified it. With the machine lock held, of a machine that runs.
    func lookAtQueues()
}
