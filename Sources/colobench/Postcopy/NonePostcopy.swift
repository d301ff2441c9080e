import Environment
import GuestMemory
import Migration
import PairLab
import QAPI
import SystemCalls
import VirtualMachine

/// Moves a machine `none` from a colod, a process of its own, to one in this process, where a thread touches its pages: that
/// must share the memory that the host watches.
final class NonePostcopy {
    private let folder: TemporaryFolder
    private let host: LabHost
    private let colod: String
    private let megabytes: Int
    private let touches: Int
    private let seed: UInt64
    private let way: MigrationTransport
    private let ram: RAMFile
    private var runs: UInt64 = 0

    init(_ options: PostcopyOptions, _ memory: PostcopyMemory, in folder: TemporaryFolder) throws {
        self.folder = folder
        (colod, megabytes, touches) = (options.colod, options.size, options.touches)
        (seed, way) = (options.seed, options.transport)
        host = try LabHost(sharingMachineNetworkAs: "bench")
        ram = memory.source
    }

    func run(_ mode: PostcopyMode) throws -> PostcopyRun {
        runs += 1
        let target = try NoneDestination(megabytes: megabytes, mode)
        defer { target.end() }
        let monitor = folder.path("none\(runs).qmp")
        let origin = try PostcopyEnd(
            [
                colod, "--machine", "none", "--memory", "\(megabytes)M", "--memory-backing",
                "file:\(ram.path),share=on", "--name", "none", "--qmp", "unix:\(monitor)",
            ], on: host, monitor: monitor, log: folder.path("none\(runs).log"), mode)
        let uri = try target.listen(way, folder.path("none\(runs)"))
        let clock = SystemClock()
        let start = clock.now()
        try origin.move(to: uri, background: mode.isIdle ? 1024 : 0)
        let arrival = try target.awaitGuest()
        let toucher = try PageToucher(target.machine.memory, seed: seed &+ runs)
        let switchover = (arrival - (try origin.time(ofEvent: "STOP"))) / 1000
        try wait(for: toucher)
        let times = toucher.times.samples.prefix(touches).map { $0.inMilliseconds * 1000 }
        // The thread waits for a page, perhaps.
        try origin.letGo()
        try origin.awaitStatus("completed")
        try target.awaitEnd()
        let total = (clock.now() - start).inMilliseconds / 1000
        return PostcopyRun(touches: times, switchover: switchover, total: mode.isIdle ? nil : total)
    }

    private func wait(for toucher: PageToucher) throws {
        let deadline = SystemClock().now() + .seconds(60)
        while toucher.times.samples.count < touches, !toucher.finish(within: .milliseconds(5)) {
            guard SystemClock().now() < deadline else { throw LabError("the pages that are touched do not come") }
        }
        toucher.stop()
    }
}
