import BlockLayer
import Configuration
import Replication
import ReplicationCore
import VirtualMachine

extension PairProfile {
    /// What has to be equal on both sides of a pair that protects this guest: what its machine is made of, what it boots,
    /// and what the two programs speak.
    init(_ configuration: ColodConfiguration, _ machine: VirtualMachine) throws {
        let guest = configuration.guest
        var entries: [Entry] = [
            .init("replication stream", "1"), .init("machine", guest.machine.rawValue),
            .init("memory", "\(guest.memory)"), .init("vcpus", "\(guest.vcpus)"),
        ]
        let files = [("kernel", guest.kernel), ("initrd", guest.initrd), ("firmware", guest.firmware)]
        for (name, path) in files {
            guard let path else { continue }
            do {
                entries.append(.init(name, try ContentDigest.ofFile(path)))
            } catch {
                throw StartFailure("guest.\(name): \(error)", isConfiguration: true)
            }
        }
        if !guest.append.isEmpty { entries.append(.init("append", ContentDigest.of(guest.append))) }
        for (index, disk) in machine.parts.disks.enumerated() {
            let access = disk.backend.isReadOnly ? "read-only" : "writable"
            entries.append(.init("disk \(index)", "\(disk.backend.size) bytes, \(access)"))
        }
        for (index, card) in guest.network.enumerated() {
            entries.append(.init("mac \(index)", "\(card.mac)"))
        }
        entries.append(.init("device state", ContentDigest.of(machine.sectionNames.joined(separator: "\n"))))
        // Not told where there is none, so that a peer that knows none is no different one.
        if let encryption = configuration.pair?.encryption, encryption != .none {
            entries.append(.init("encryption", encryption.rawValue))
        }
        self.init(entries)
    }
}
