import BlockLayer
import Configuration
import PairLab
import ReplicationCore
import Testing
import VirtualMachine

@testable import ColodKit

/// What two sides of a pair compare.
@Suite struct PairProfileTests {
    /// A block device has no length of its own in its inode: what counts is the disk as it was opened.
    @Test(arguments: [4096, 1 << 20])
    func aDiskIsAsLongAsTheMachineHasIt(length: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "x", count: length), to: "disk")
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.disks = [MachineDisk(name: "disk0", backend: try RawDisk(path: folder.path("disk"), readOnly: true))]
        let configuration = try ColodConfiguration.parse(
            yaml: "guest:\n  name: web\n  machine: none\n  memory: 1M\n", file: "t.yaml")
        let profile = try PairProfile(configuration, VirtualMachine(parts: parts))
        #expect(profile.entries.first { $0.name == "disk 0" }?.value == "\(length) bytes, read-only")
    }
}
