import Glibc
import Synchronization
import SystemCalls

/// The temporary folders that exist and the processes that run now, so that an interrupted program can end them.
final class Leftovers: Sendable {
    static let shared = Leftovers()
    private let folders = Mutex<Set<String>>([])
    private let processes = Mutex<Set<Int32>>([])

    func insert(folder: String) { folders.withLock { _ = $0.insert(folder) } }
    func remove(folder: String) { folders.withLock { _ = $0.remove(folder) } }
    func insert(process: Int32) { processes.withLock { _ = $0.insert(process) } }
    func remove(process: Int32) { processes.withLock { _ = $0.remove(process) } }

    /// Kills the processes, then removes the folders.
    func removeAll() {
        processes.withLock { for process in $0 { kill(process, SIGKILL) } }
        for path in folders.withLock({ $0 }) { TemporaryFolder.remove(path) }
    }
}

/// What a program does on Ctrl-C, on a polite kill and when its terminal goes: the folders of its laboratories are
/// removed, its processes killed, and it ends with 128 plus the signal's number; the namespaces go with it.
///
/// To be called at the program's start, before any thread is made: the signals are blocked in every thread and taken
/// by one of its own.
public func endCleanlyWhenInterrupted() throws {
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waited = signals
    _ = try Thread(name: "interruption") {
        var signals = waited
        var signal: Int32 = 0
        guard unsafe sigwait(&signals, &signal) == 0 else { return }
        Leftovers.shared.removeAll()
        _exit(128 + signal)
    }
}
