import Environment
import Glibc
import PairLab
import QAPI
import QMP
import SystemCalls
import VirtualMachine

@testable import Migration

extension InteropRun {
    /// What the colods here must not even begin.
    func refuse(_ reason: String) throws -> Outcome {
        if cell.direction.startsAtColod {
            let source = try ColodEnd(scene(isSource: true)).machine
            let witness = try InteropWitness(cell.transport, link: link, in: folder)
            try source.migrate(to: witness.uri)
            guard source.awaits("outgoing failed: \(reason)") else { throw LabError("\(source.log.lines)") }
            guard source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)) else {
                throw LabError("the refused migration does not end")
            }
            try expect("what the source told", source.outlineOfStatuses, ["setup", "failed"])
            try expect("the count of bytes that reached the peer", try witness.count(), 0)
        }
        if cell.direction.endsAtColod {
            let destination = try ColodEnd(scene(isSource: false)).machine
            do {
                try destination.controller.migrateIncoming(uri: link.destinationURI)
                throw LabError("the destination listens")
            } catch let error as MigrationRefusal {
                try expect("the refusal", error.description, reason)
            }
            // Another address may do.
            try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
            destination.controller.cancelChannel()
        }
        return .refused(reason)
    }

    /// What a QEMU as source cannot do; the destination has no guest from it.
    func fail() throws -> Outcome {
        try folder.write(Self.content(seed: seed), to: "ram")
        let source = try QEMUEnd(scene(isSource: true))
        let destination = try ColodEnd(scene(isSource: false)).machine
        try destination.controller.migrateIncoming(uri: link.destinationURI)
        try source.migrate(to: link.sourceURI { "1" })
        try source.awaitStatus("failed")
        let reason = try source.peer.execute("query-migrate")["error-desc"]?.string ?? "it failed"
        destination.controller.cancelChannel()
        guard destination.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)) else {
            throw LabError("the destination does not end")
        }
        try expect("the destination's run state", "\(destination.machine.runState)", "inmigrate")
        return .impossible("QEMU: \(reason)")
    }

    /// What a colod as source finds out once it is connected: it says why, and its guest runs on.
    func fail(_ reason: String) throws -> Outcome {
        let destination = try end(isSource: false)
        try destination.listen(at: link.destinationURI)
        let source = try ColodEnd(scene(isSource: true)).machine
        let before = source.machine.runState
        try source.migrate(to: link.sourceURI { try destination.port() })
        guard source.awaits("outgoing failed: \(reason)") else { throw LabError("\(source.log.lines)") }
        try expect("the source's run state", source.machine.runState, before)
        return .impossible("colod: \(reason)")
    }
}

extension TestMachine {
    /// The statuses of migrations that were told.
    var outlineOfStatuses: [String] { log.lines.filter { !$0.contains(" ") } }
}

/// The peer of a migration that must not begin, which tells what reaches it.
final class InteropWitness {
    let uri: String
    private let bytes: Descriptor

    init(_ transport: InteropTransport, link: InteropLink, in folder: TemporaryFolder) throws {
        if transport == .fd {
            uri = "fd:stream"
            guard let descriptor = link.destinationDescriptor?.take() else { throw LabError("there is no witness") }
            bytes = descriptor
        } else {
            try folder.write("", to: "witness")
            uri = "exec:cat >'\(folder.path("witness"))'"
            bytes = try Descriptor.open(folder.path("witness"), flags: O_RDONLY)
        }
    }

    /// How many bytes came before the end.
    func count() throws -> Int {
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var entry = pollfd(fd: bytes.number, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 10_000) == 1 else { throw LabError("the refused channel stays open") }
            let count = read(bytes.number, &buffer, buffer.count)
            if count <= 0 { return total }
            total += count
        }
    }
}
