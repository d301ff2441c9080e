@testable import BlockLayer
import Environment
import PacketPath
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

struct MachineHealthTests {
    @Test func aFailedNetworkIsTold() throws {
        let network = FailingNetwork()
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.networkDevices = [network]
        let machine = VirtualMachine(parts: parts)
        #expect(machine.health == MachineHealth())
        network.trouble.withLock { $0 = NetworkError(subject: "tap tap0", problem: "is down") }
        #expect(machine.health.networkFailure == "tap tap0: is down")
        network.trouble.withLock { $0 = nil }
        #expect(machine.health.networkFailure == nil)
    }

    @Test func aDiskThatKeepsARequestIsNamedWithTheTime() throws {
        let file = try TemporaryFile([UInt8](repeating: 0, count: 4096))
        let other = try TemporaryFile([UInt8](repeating: 0, count: 4096))
        let disks = [try RawDisk(path: other.path, readOnly: true), try RawDisk(path: file.path, readOnly: true)]
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.disks = disks.enumerated().map { MachineDisk(name: "disk\($0.offset)", backend: $0.element) }
        let machine = VirtualMachine(parts: parts)
        let mayReturn = ThreadGate(false)
        let statistics = disks[1].statistics
        let reader = try Thread(name: "reader") {
            try? statistics.counting(.read) { () throws(BlockError) in _ = mayReturn.wait { $0 ? true : nil } }
        }
        let deadline = SystemClock().now() + .seconds(20)
        while machine.health.stalledDisk == nil, SystemClock().now() < deadline { try clockTick() }
        let stalled = try #require(machine.health.stalledDisk)
        #expect(stalled.name == "disk1" && stalled.duration >= MachineHealth.stallThreshold)
        #expect(stalled.description.hasPrefix("disk1 has not answered for 1"))
        mayReturn.withLock { $0 = true }
        reader.join()
        #expect(machine.health == MachineHealth())
    }

    private func clockTick() throws {
        _ = ThreadGate(0).wait(until: SystemClock().now() + .milliseconds(5)) { _ in nil as Int? }
    }
}

/// A card whose network fails as a test likes.
final class FailingNetwork: NetworkDevice, NetworkBackend {
    let trouble = Mutex<NetworkError?>(nil)
    let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
    var backend: any NetworkBackend { self }
    var failure: NetworkError? { trouble.withLock { $0 } }
    func requestGuestAnnounce() {}
    func send(_ frame: [UInt8]) {}
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {}
    func stop() {}
}
