import Environment
import Glibc
import GuestMemory
import PairLab
import QAPI
import QMP
import SystemCalls
import VirtualMachine

@testable import Migration

/// Tries one cell of the matrix; what is not as it should be is thrown.
struct InteropRun {
    enum Outcome: Hashable, Sendable {
        case passed
        case refused(String)
        case impossible(String)
    }

    let cell: InteropCell
    let credentials: MigrationCredentials
    let seed: UInt64
    let folder: TemporaryFolder
    let link: InteropLink

    /// Bytes a second with which a pass takes longer than the guest may stand, and passes that it has then.
    private static let slow: UInt64 = 12 << 20
    private static let passes: UInt64 = 3

    init(_ cell: InteropCell, _ credentials: MigrationCredentials, seed: UInt64) throws {
        self.cell = cell
        self.credentials = credentials
        self.seed = seed
        folder = try TemporaryFolder()
        link = try InteropLink(cell.transport, isTwoWay: cell.feature.isTwoWay, in: folder)
    }

    func perform() throws -> Outcome {
        switch cell.expectation {
        case .works where cell.feature == .colo: return try replicate()
        case .works where cell.feature.postcopy != nil: return try moveFirst()
        case .works: return try migrate()
        case .refused(let reason): return try refuse(reason)
        case .failsInColod(let reason): return try fail(reason)
        case .failsInQEMU: return try fail()
        case .isImpossible(let reason): return .impossible(reason)
        }
    }

    func scene(isSource: Bool) -> InteropScene {
        InteropScene(
            cell: cell, folder: folder, credentials: credentials, isSource: isSource,
            lent: isSource ? link.sourceDescriptor : link.destinationDescriptor)
    }

    func end(isSource: Bool) throws -> any InteropEnd {
        let isColod = isSource ? cell.direction.startsAtColod : cell.direction.endsAtColod
        let scene = scene(isSource: isSource)
        return isColod ? try ColodEnd(scene) : try QEMUEnd(scene)
    }

    func expect<Value: Equatable>(_ what: String, _ found: Value, _ wanted: Value) throws {
        guard found != wanted else { return }
        throw LabError("\(what) is \(found), not \(wanted)")
    }

    // MARK: A migration

    private func migrate() throws -> Outcome {
        let content = Self.content(seed: seed)
        if !cell.direction.startsAtColod { try folder.write(content, to: "ram") }
        let source: any InteropEnd
        do {
            source = try end(isSource: true)
        } catch let error as QMPError where cell.feature == .backgroundSnapshot && !cell.direction.startsAtColod {
            return .impossible("QEMU: \(error.text)")
        }
        let destination = try end(isSource: false)
        try destination.listen(at: link.destinationURI)
        let colod = source as? ColodEnd
        let isSnapshot = cell.feature == .backgroundSnapshot
        if let colod { try begin(colod.machine, content) }
        try source.migrate(to: link.sourceURI(port: destination.port))
        if let colod { try isSnapshot ? finishSnapshot(colod.machine) : finish(colod.machine) }
        if cell.feature == .pauseBeforeSwitchover {
            try source.awaitStatus("pre-switchover")
            try source.goOn()
        }
        try source.awaitStatus("completed")
        try destination.awaitStatus("completed")
        try check(source, destination)
        if colod == nil || isSnapshot {
            try expect("that the RAM is what the source began with", try destination.ram() == content, true)
        }
        if let colod { try checkCounters(colod.machine) }
        return .passed
    }

    /// A guest that writes in each of some passes.
    private func begin(_ machine: TestMachine, _ content: [UInt8]) throws {
        machine.machine.memory.write(0, bytes: content)
        try machine.machine.run()
        try machine.controller.updateParameters { values in
            values.maxBandwidth = Self.slow
            values.downtimeLimit = 1
        }
        machine.passes.observe { [weak machine] pass in
            guard let machine, pass <= Self.passes else { return }
            for page in 0..<150 {
                machine.machine.memory.write(
                    UInt64(page * 11) * 4096 + pass * 100, bytes: [UInt8(truncatingIfNeeded: pass), UInt8(page), 5])
            }
            machine.machine.memory.write(pass * 11 * 4096, bytes: [UInt8](repeating: 0, count: 4096))
        }
    }

    /// Shared memory is in no pass: nothing holds up the end.
    private func finish(_ machine: TestMachine) throws {
        if cell.feature != .ignoreShared {
            guard machine.awaits("pass \(Self.passes)") else { throw LabError("few passes: \(machine.log.lines)") }
        }
        try machine.controller.updateParameters { values in
            values.maxBandwidth = 0
            values.downtimeLimit = 2000
        }
    }

    /// The guest that the snapshot is of is that which began; what it writes while it leaves is its own.
    private func finishSnapshot(_ machine: TestMachine) throws {
        // The first one was told when the guest began to run.
        guard machine.awaits("resume", atLeast: 2) else { throw LabError("no snapshot: \(machine.log.lines)") }
        for page in 0..<UInt64(InteropScene.megabytes << 8) where page % 3 != 0 {
            machine.machine.memory.store(page * 4096 + 16, page | 1 << 63)
        }
        try machine.controller.updateParameters { $0.maxBandwidth = 0 }
    }

    private func check(_ source: any InteropEnd, _ destination: any InteropEnd) throws {
        let snapshot = cell.feature == .backgroundSnapshot
        let pause = cell.feature == .pauseBeforeSwitchover ? ["pre-switchover", "device"] : []
        let sourceTold =
            snapshot
            ? ["setup", "active", "stop", "resume", "completed"]
            : ["setup", "pass", "active", "stop"] + pause + ["pass", "completed"]
        try expect("what the source told", source.outline, sourceTold)
        try expect("what the destination told", destination.outline, ["setup", "active", "resume", "completed"])
        if !snapshot { try expect("that RAM is the same", try destination.ram() == source.ram(), true) }
        try expect("the source's run state", try source.runState(), snapshot ? "running" : "postmigrate")
        try expect("the destination's run state", try destination.runState(), "running")
    }

    private func checkCounters(_ machine: TestMachine) throws {
        let info = machine.controller.queryMigrate()
        try expect("whether there are differences", (info.xbzrleCache?.pages ?? 0) > 0, cell.feature == .xbzrle)
        try expect("whether pages were compressed", (info.compression?.pages ?? 0) > 0, cell.feature == .compress)
        try expect(
            "whether data channels were used", (info.ram?.multifdBytes ?? 0) > 0, cell.feature.dataChannels != nil)
        let sent = Int(info.ram?.normal ?? 0)
        try expect("whether pages were sent", sent > 0, cell.feature != .ignoreShared)
    }

    /// Some pages of zeroes, some of one byte, some of noise.
    static func content(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes = [UInt8](repeating: 0, count: InteropScene.megabytes << 20)
        bytes.withUnsafeMutableBytes { raw in
            for page in 0..<raw.count / targetPageSize where random.chance(1, in: 3) {
                let isNoise = random.chance(3, in: 4)
                for word in 0..<targetPageSize / 8 {
                    let value = isNoise ? random.next() : UInt64(page & 255) &* 0x0101_0101_0101_0101
                    raw.storeBytes(of: value, toByteOffset: page * targetPageSize + word * 8, as: UInt64.self)
                }
            }
        }
        return bytes
    }
}
