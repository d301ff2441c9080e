import Environment
import PacketPath
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

struct HealthLogTests {
    private func stalled(_ milliseconds: UInt64, _ name: String = "disk0") -> MachineHealth {
        MachineHealth(stalledDisk: .init(name: name, duration: .milliseconds(milliseconds)))
    }

    @Test func aHungDiskIsToldWhenItBeginsWhenItsTimeHasDoubledAndWhenItEnds() {
        var log = HealthLog()
        var lines: [String] = []
        for time in stride(from: UInt64(1000), through: 9000, by: 500) {
            lines += log.note(stalled(time)).map { "\($0.isTrouble) \($0.text)" }
        }
        lines += log.note(MachineHealth()).map { "\($0.isTrouble) \($0.text)" }
        let waits = "the guest waits for it and does not go on"
        #expect(
            lines == [1000, 2000, 4000, 8000].map { "true disk0 has not answered for \($0) ms: \(waits)" }
                + ["false disk0 answers again, after more than 9000 ms"])
        #expect(log.note(MachineHealth()).isEmpty)
    }

    @Test func anotherRequestOrAnotherDiskIsAnotherTrouble() {
        var log = HealthLog()
        #expect(log.note(stalled(5000)).count == 1)
        #expect(log.note(stalled(1200)).map(\.isTrouble) == [false, true])
        #expect(log.note(stalled(1300, "disk1")).map(\.isTrouble) == [false, true])
    }

    @Test func theMonitorTellsOfALostNetworkAndOfItsReturn() throws {
        let network = FailingNetwork()
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.networkDevices = [network]
        let reports = ThreadGate<[HealthReport]>([])
        let monitor = HealthMonitor(machine: VirtualMachine(parts: parts)) { line in
            reports.withLock { $0.append(line) }
        }
        func awaitReports(_ count: Int) -> [HealthReport] {
            reports.wait(until: SystemClock().now() + .seconds(20)) { $0.count >= count ? $0 : nil } ?? []
        }
        try monitor.start()
        network.trouble.withLock { $0 = NetworkError(subject: "tap tap0", problem: "is down") }
        #expect(awaitReports(1) == [.init(isTrouble: true, text: "the guest reaches no network: tap tap0: is down")])
        network.trouble.withLock { $0 = nil }
        #expect(awaitReports(2).last == .init(isTrouble: false, text: "the guest has its network again"))
        monitor.stop()
    }
}
