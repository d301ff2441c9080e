import PacketPath
import PairLab
import QAPI
import ReplicationCore
import Testing
import VirtualMachine

@testable import Replication

/// What somebody on the replication network of a pair can read and change.
@Suite(.serialized)
struct EncryptedPairTests {
    /// Whether the guest's memory passes a reader of the network; in the clear it does, so that the test can tell.
    @Test(arguments: [true, false])
    func whoReadsTheNetworkReadsNothingOfTheGuest(encrypts: Bool) async throws {
        let hosts = try await WholePairTests.Hosts(encrypts: encrypts)
        let guest = hosts.first.colo
        guest.write(pages: 0..<64, seed: 11)
        let page = Array(guest.ram[..<4096])
        hosts.proxy.look(for: Array(page[64..<96]))
        guest.hold.send([1])
        #expect(guest.awaits { guest.network.sent == [[1]] })
        #expect((hosts.proxy.found == 0) == encrypts)
        await hosts.first.kill()
        await hosts.second.kill()
    }

    /// A changed byte ends the run, in either direction: nothing that it could have changed is taken.
    @Test(arguments: [0, 5, 700, 20_000], [true, false])
    func whoChangesAByteChangesNothing(place: Int, towardsSecondary: Bool) async throws {
        let hosts = try await WholePairTests.Hosts()
        let (first, second) = (hosts.first, hosts.second)
        let image = hosts.work(1)
        // The answers of a checkpoint are short.
        let byte = towardsSecondary ? place : place % 30
        hosts.proxy.arm(.garble(at: byte), towardsSecondary ? .toSecondary : .toPrimary)
        first.colo.write(pages: 0..<100, seed: 5, atOnce: true)
        first.colo.hold.send([2])
        #expect(first.awaits { $0.term == Term(3) && $0.report.isServing && !$0.isProtected })
        #expect(first.colo.awaits { first.colo.network.sent == [[1], [2]] })
        #expect(first.colo.machine.runState == .running)
        #expect(second.awaits { $0.term == Term(3) && !$0.report.isServing })
        // What the guest wrote since then is not on the secondary unless all of it is.
        let ram = second.colo.ram
        #expect(firstDifference(ram, image) == nil || firstDifference(ram, first.colo.ram) == nil)
        await first.kill()
        await second.kill()
    }
}
