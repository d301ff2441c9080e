public import Environment
public import SystemCalls

/// Sends the frames that announce a machine's Ethernet addresses after it came to live on this host, from a thread of
/// its own. Uses the real back-ends, not the hold in front of them: the announcement is not the guest's output.
public final class Announcer: Sendable {
    private struct Progress {
        var cancelled = false
        var finished = false
    }

    private let targets: [(backend: any NetworkBackend, frame: [UInt8])]
    private let parameters: AnnounceParameters
    private let progress = ThreadGate(Progress())
    private let clock = SystemClock()

    /// An announcer of one address for each network device.
    public init(
        _ devices: [(backend: any NetworkBackend, address: EthernetAddress)], parameters: AnnounceParameters = .init()
    ) {
        targets = devices.map { ($0.backend, $0.address.announcement) }
        self.parameters = parameters
    }

    /// Sends the first round before it returns, the others from a thread. Throws if there can be no thread; the first
    /// round is then sent all the same. To be called once.
    public func start() throws(SystemError) {
        guard parameters.rounds > 0, !targets.isEmpty else { return finish() }
        sendRound()
        guard parameters.delay(afterRound: 0) != nil else { return finish() }
        do { _ = try Thread(name: "announce") { self.sendLaterRounds() } } catch {
            finish()
            throw error
        }
    }

    /// No further round begins once this returns. Does not wait.
    public func cancel() { progress.withLock { $0.cancelled = true } }

    /// Waits until the last round was sent or the rest was cancelled; returns false when `deadline` comes first.
    public func waitUntilFinished(deadline: Nanoseconds) -> Bool {
        progress.wait(until: deadline) { $0.finished ? true : nil } ?? false
    }

    private func sendRound() { for target in targets { target.backend.send(target.frame) } }

    private func sendLaterRounds() {
        var round: UInt64 = 0
        while let delay = parameters.delay(afterRound: round) {
            let due = clock.now() + .milliseconds(delay)
            if progress.wait(until: due, { $0.cancelled ? true : nil }) != nil { break }
            let cancelled = progress.withLock(notify: false) { progress in
                if !progress.cancelled { sendRound() }
                return progress.cancelled
            }
            if cancelled { break }
            round += 1
        }
        finish()
    }

    private func finish() { progress.withLock { $0.finished = true } }
}
