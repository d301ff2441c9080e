import Environment
import MachineModel
import PairLab
import SystemCalls

/// Who runs the guest of `TouchProgram`, at both ends.
enum TouchGuest {
    /// colod's `riscv64`.
    case colod(String)
    /// A real QEMU's `pc`.
    case qemu

    var kernel: [UInt8] {
        switch self {
        case .colod: TouchProgram.riscvKernel
        case .qemu: TouchProgram.pcKernel
        }
    }

    /// What its program calls the machine.
    var machine: String {
        switch self {
        case .colod: "riscv64"
        case .qemu: "pc"
        }
    }

    /// The command that runs it with `megabytes` in the file `ram`.
    func command(megabytes: Int, ram: String, kernel: String, monitor: String) -> [String] {
        switch self {
        case .colod(let program):
            [
                program, "--machine", "riscv64", "--memory", "\(megabytes)M", "--memory-backing",
                "file:\(ram),share=on",
                "--kernel", kernel, "--qmp", "unix:\(monitor)",
            ]
        case .qemu:
            [
                QEMUPeer.path, "-M", "pc,memory-backend=ram", "-accel", "tcg", "-m", "\(megabytes)", "-nodefaults",
                "-display", "none", "-vga", "none", "-object",
                "memory-backend-file,id=ram,size=\(megabytes)M,mem-path=\(ram),share=on", "-kernel", kernel,
                "-qmp", "unix:\(monitor),server=on,wait=off",
            ]
        }
    }

    /// Bytes a second of a background that leaves the link to others. A QEMU holds pages that were asked for to the limit, too.
    var idleBackground: UInt64 {
        switch self {
        case .colod: 1024
        case .qemu: 32 << 20
        }
    }

    var waitsForIncoming: [String] {
        switch self {
        case .colod: ["--incoming", "defer"]
        case .qemu: ["-incoming", "defer"]
        }
    }
}

/// Moves the guest of `TouchProgram` from one process to another; the RAM of both is a file, in which this process reads what
/// the guest has measured.
final class GuestPostcopy {
    private let folder: TemporaryFolder
    private let host: LabHost
    private let guest: TouchGuest
    private let megabytes: Int
    private let touches: Int
    private let seed: UInt64
    private let way: MigrationTransport
    private let source: TouchProgram
    private let destination: TouchProgram
    private var runs: UInt64 = 0

    init(_ guest: TouchGuest, _ options: PostcopyOptions, _ memory: PostcopyMemory, in folder: TemporaryFolder) throws {
        (self.guest, self.folder) = (guest, folder)
        (megabytes, touches) = (options.size, options.touches)
        (seed, way) = (options.seed, options.transport)
        host = try LabHost(sharingMachineNetworkAs: "bench")
        (source, destination) = (try TouchProgram(ram: memory.source), try TouchProgram(ram: memory.destination))
        try folder.write(guest.kernel, to: "\(guest.machine).kernel")
    }

    func run(_ mode: PostcopyMode) throws -> PostcopyRun {
        runs += 1
        let order = TouchProgram.order(count: touches, megabytes: megabytes, seed: seed &+ runs)
        source.prepare(order: order)
        destination.prepare(order: [])
        let target = try start("\(guest.machine)-destination", destination, mode, guest.waitsForIncoming)
        let origin = try start("\(guest.machine)-source", source, mode, [])
        let uri = try target.listen(way, folder, "\(guest.machine)\(runs)")
        try wait("the guest does not start") { source.beat > 0 }
        let ticks = try ticksPerMicrosecond()
        let clock = SystemClock()
        let start = clock.now()
        try origin.move(to: uri, background: mode.isIdle ? guest.idleBackground : 0)
        let arrival = try awaitArrival()
        let switchover = (arrival - (try origin.time(ofEvent: "STOP"))) / 1000
        destination.go(touches)
        try wait("the guest does not touch all of its pages") { destination.done == UInt64(touches) }
        try origin.letGo()
        for end in [target, origin] { try end.awaitStatus("completed") }
        let total = (clock.now() - start).inMilliseconds / 1000
        return PostcopyRun(
            touches: destination.ticks(ofTouches: touches).map { Double($0) / ticks }, switchover: switchover,
            total: mode.isIdle ? nil : total)
    }

    private func start(
        _ name: String, _ program: TouchProgram, _ mode: PostcopyMode, _ more: [String]
    ) throws -> PostcopyEnd {
        let monitor = folder.path("\(name)\(runs).qmp")
        let command = guest.command(
            megabytes: megabytes, ram: program.ram.path, kernel: folder.path("\(guest.machine).kernel"),
            monitor: monitor)
        return try PostcopyEnd(
            command + more, on: host, monitor: monitor, log: folder.path("\(name)\(runs).log"), mode)
    }

    /// What the guest's counter of time counts.
    private func ticksPerMicrosecond() throws -> Double {
        guard case .qemu = guest else { return Double(GuestClock.frequency) / 1e6 }
        let clock = SystemClock()
        let (start, before) = (clock.now(), source.ticks)
        pause(.milliseconds(100))
        return Double(source.ticks &- before) / ((clock.now() - start).inMilliseconds * 1000)
    }

    /// Waits until the guest counts at the destination; when that was seen, in microseconds since 1970.
    private func awaitArrival() throws -> Double {
        try wait("the guest does not run at the destination", every: .microseconds(50)) {
            destination.beat > source.beat
        }
        return SystemWallClock().sinceEpoch().inMilliseconds * 1000
    }

    private func wait(_ complaint: String, every: Duration = .milliseconds(1), for isSo: () -> Bool) throws {
        let clock = SystemClock()
        let deadline = clock.now() + .seconds(120)
        while !isSo() {
            guard clock.now() < deadline else { throw LabError(complaint) }
            pause(every)
        }
    }
}
