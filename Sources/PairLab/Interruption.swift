import Glibc
import Synchronization
import SystemCalls

/// The temporary folders that exist now, so that an interrupted program can remove them.
final class OpenFolders: Sendable {
    static let shared = OpenFolders()
    private let paths = Mutex<Set<String>>([])

    func insert(_ path: String) { paths.withLock { _ = $0.insert(path) } }
    func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
    func removeAll() { for path in paths.withLock({ $0 }) { TemporaryFolder.remove(path) } }
}

/// What a program does on Ctrl-C, on a polite kill and when its terminal goes: the folders of its laboratories are
/// removed and it ends with 128 plus the signal's number; processes and namespaces go with it.
///
/// To be called at the program's start, before any thread is made: the signals are blocked in every thread and taken
/// by one of its own.
public func endCleanlyWhenInterrupted() throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waited = signals
    _ = try Thread(name: "interruption") {
        var signals = waited
        var signal: Int32 = 0
        guard sigwait(&signals, &signal) == 0 else { return }
        OpenFolders.shared.removeAll()
        _exit(128 + signal)
    }
}
