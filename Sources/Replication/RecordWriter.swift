import ReplicationCore
import SystemCalls

/// Writes the pair's record on a thread of its own: the loop that keeps the heartbeat never waits for a disk.
final class RecordWriter: Sendable {
    private let file: DurableFile
    private let worker: WorkerThread

    init(file: DurableFile) throws(SystemError) {
        self.file = file
        worker = try WorkerThread(name: "pair-record")
    }

    /// Writes the record and calls `completion`, on the writer's thread, with the reason if that failed.
    func write(_ record: PairRecord, completion: @escaping @Sendable (String?) -> Void) {
        worker.perform { [file] in
            do throws(SystemError) {
                try file.replace(with: record.bytes)
                completion(nil)
            } catch {
                completion(error.description)
            }
        }
    }

    /// Ends the thread once what was handed in is written.
    func shutDown() { worker.shutDown() }
}
