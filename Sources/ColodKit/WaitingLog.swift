import Logging
import Synchronization

/// Logs what is waited for, once each time it changes: a state in which nothing happens is still a state.
final class WaitingLog: Sendable {
    private let last = Mutex<String?>(nil)

    /// Something else may be waited for now.
    func tell(_ what: String?, _ log: Logger) {
        let isNews = last.withLock { last in
            defer { last = what }
            return last != what
        }
        if isNews, let what { log.notice("waits for \(what)") }
    }
}
