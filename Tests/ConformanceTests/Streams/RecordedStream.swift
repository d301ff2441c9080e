import Glibc
import MigrationFormat
import PairLab
import QMP
import StreamAnalysis
import SystemCalls
import Testing

/// A stream that a real machine wrote into a file, the way an operator records one: `migrate exec:cat>FILE`.
struct RecordedStream {
    let path: String
    let bytes: [UInt8]
    private let folder: TemporaryFolder

    /// Starts `program`, sets `capabilities`, and has it write its guest.
    init(_ program: Program, _ options: StartOptions, capabilities: [String] = []) throws {
        folder = try TemporaryFolder(prefix: "colod-stream")
        path = folder.path("stream")
        let done = try Signal(folder.path("done"))
        let server = try Server(program, options)
        let monitor = try server.connect()
        for name in capabilities {
            let capability: JSONValue = ["capability": .string(name), "state": true]
            _ = try monitor.ask(Call.text("migrate-set-capabilities", ["capabilities": [capability]]))
        }
        let uri = "exec:cat>\(path); echo done>\(folder.path("done"))"
        let reply = try monitor.ask(Call.text("migrate", ["uri": .string(uri)]))
        guard reply["return"] != nil else { throw LabError("migrate: \(reply.text())") }
        try done.await()
        server.process.killAndWait()
        bytes = try readBytes(path)
    }

    /// QEMU's machine of that type.
    static func qemu(
        _ machine: String, capabilities: [String] = [], arguments: [String] = []
    ) throws -> RecordedStream {
        var options = StartOptions()
        options.megabytes = 16
        options.machine = machine
        options.uuid = "00112233-4455-6677-8899-aabbccddeeff"
        options.paused = true
        options.qemuArguments = arguments
        return try RecordedStream(.qemu, options, capabilities: capabilities)
    }

    /// A machine of colod, with a guest that has not begun to run.
    static func colod(riscv64: Bool) throws -> RecordedStream {
        var options = StartOptions()
        options.megabytes = 32
        options.paused = true
        if riscv64 { options.kernel = try GuestProgram.dirtying.path.get() }
        return try RecordedStream(.colod, options)
    }

    /// The same stream with other bytes, in a file of its own.
    func written(_ bytes: [UInt8]) throws -> String {
        try folder.write(bytes, to: "other")
        return folder.path("other")
    }

    /// Runs `coloctl stream` and returns how it ended and what it printed.
    func coloctl(_ arguments: [String], on path: String? = nil) throws -> (end: ProcessEnd?, output: String) {
        let folder = try TemporaryFolder(prefix: "colod-stream")
        let process = try LabHost(sharingMachineNetworkAs: "operator").start(
            [ProtectedPair.builtProgram("coloctl"), "stream"] + arguments + [path ?? self.path],
            log: folder.path("log"))
        return (process.waitForExit(within: .seconds(60)), process.output)
    }
}

/// A named pipe that somebody writes to when something is done.
private struct Signal: ~Copyable {
    private let pipe: Descriptor

    init(_ path: String) throws {
        guard mkfifo(path, 0o600) == 0 else { throw LabError("mkfifo failed") }
        pipe = try Descriptor.open(path, flags: O_RDWR | O_NONBLOCK)
    }

    func await() throws {
        var wanted = pollfd(fd: pipe.number, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 30_000) == 1 else { throw LabError("the stream was not written within 30 s") }
    }
}

/// Bytes as a source.
struct ByteSource: StreamSource {
    let bytes: [UInt8]

    var size: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(StreamSourceFailure) -> Int {
        let start = min(bytes.count, Int(offset))
        let count = min(target.count, bytes.count - start)
        // SAFETY: `count` bytes fit the target, which the caller lends for this call.
        if count > 0 { target.copyBytes(from: bytes[start..<start + count]) }
        return count
    }
}

/// What an analyzer made of a stream.
struct StreamReading {
    var items: [StreamItem] = []
    var damage: StreamDamage?
    var totals = StreamTotals()

    init(_ bytes: [UInt8]) {
        var analyzer = StreamAnalyzer(ByteSource(bytes: bytes))
        do throws(StreamAnalysisFailure) { while let item = try analyzer.next() { items.append(item) } } catch {
            if case .damaged(let found) = error { damage = found }
        }
        totals = analyzer.totals
    }

    /// The sections, each with the item it is.
    var sections: [(item: StreamItem, section: Section)] {
        items.compactMap { item in if case .section(let section) = item.content { (item, section) } else { nil } }
    }

    /// The device sections, each with its name.
    var devices: [(name: String, content: DeviceContent)] {
        sections.compactMap { _, section in
            guard case .device(let content) = section.data else { return nil }
            return (section.header.name, content)
        }
    }
}
