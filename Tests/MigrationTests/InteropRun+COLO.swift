import GuestMemory
import PairLab
import QAPI
import QMP
import VirtualMachine

@testable import Migration

extension InteropRun {
    private static let checkpoints = 3

    /// Checkpoints instead of an end.
    func replicate() throws -> Outcome {
        let content = Self.content(seed: seed)
        if !cell.direction.startsAtColod { try folder.write(content, to: "ram") }
        let (source, destination) = (try end(isSource: true), try end(isSource: false))
        let primary = SequentialPrimary(rounds: Self.checkpoints)
        let secondary = SequentialSecondary()
        if let colod = source as? ColodEnd {
            colod.machine.controller.setCOLOHandler(primary)
            colod.machine.machine.memory.write(0, bytes: content)
            try colod.machine.machine.run()
        }
        if let qemu = source as? QEMUEnd { try qemu.peer.setParameters(["x-checkpoint-delay": 50]) }
        if let colod = destination as? ColodEnd { colod.machine.controller.setCOLOHandler(secondary) }
        try destination.listen(at: link.destinationURI)
        try source.migrate(to: link.sourceURI(port: destination.port))
        try source.awaitStatus("colo")
        try destination.awaitStatus("colo")
        if cell.direction.startsAtColod {
            guard primary.awaitRounds() else { throw LabError("the checkpoints do not end") }
            if let error = primary.error { throw LabError(error) }
        }
        if cell.direction.endsAtColod {
            guard secondary.awaitCheckpoints(Self.checkpoints) else { throw LabError("no checkpoints came") }
        }
        try leave(source, destination, primary)
        if cell.direction.endsAtColod, secondary.awaitEnd() == nil { throw LabError("the secondary does not end") }
        try expect("that RAM is the same", try destination.ram() == source.ram(), true)
        let sourceTold = ["setup", "pass", "active", "stop", "pass", "colo"]
        try expect("what the source told", upToCOLO(source), sourceTold)
        try expect("what the destination told", upToCOLO(destination), ["setup", "active", "colo"])
        return .passed
    }

    /// A QEMU leaves by command, whichever side it is.
    private func leave(
        _ source: any InteropEnd, _ destination: any InteropEnd, _ primary: SequentialPrimary
    ) throws {
        for qemu in [source, destination].compactMap({ $0 as? QEMUEnd }) { try qemu.peer.loseHeartbeat() }
        primary.leave()
    }

    private func upToCOLO(_ end: any InteropEnd) -> [String] {
        let words = end.told
        guard let last = words.firstIndex(of: "colo") else { return words }
        return EventLog.outline(of: Array(words[...last]))
    }
}
