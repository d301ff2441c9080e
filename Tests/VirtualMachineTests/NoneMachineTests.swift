import ByteCoding
import Environment
import GuestMemory
import MachineModel
import MigrationFormat
import PacketPath
import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

/// An engine that only writes down what it is told.
final class RecordingEngine: GuestEngine {
    private let calls = Mutex<[String]>([])
    /// Whether a vCPU does not come to a stand.
    let isStuck = Atomic<Bool>(false)
    var log: [String] { calls.withLock { $0 } }
    var name: String { "recording" }
    var vCPUCount: Int { 1 }
    var retiredInstructions: UInt64 { 0 }
    var savedDevices: [any SavedDevice] { [] }
    func resume() { add("engine runs") }
    func pause(until deadline: Nanoseconds) throws(PauseTimeout) {
        if isStuck.load(ordering: .relaxed) { throw PauseTimeout(busy: [.init(vCPU: 0, deviceAddress: 0x1000)]) }
        add("engine stands")
    }
    func retire() { add("engine retires") }
    func forgetWritePermissions() { add("forget writes") }
    func forgetTranslations() { add("forget translations") }
    func shutDown(until deadline: Nanoseconds) -> Bool {
        add("engine ends")
        return true
    }
    func add(_ call: String) { calls.withLock { $0.append(call) } }
}

final class RecordingNetwork: NetworkDevice, NetworkBackend {
    private let frames = ThreadGate<[[UInt8]]>([])
    let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
    var backend: any NetworkBackend { self }
    func requestGuestAnnounce() {}
    func send(_ frame: [UInt8]) { frames.withLock { $0.append(frame) } }
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {}
    func stop() {}
    func wait(for count: Int) -> [[UInt8]] {
        frames.wait(until: SystemClock().now() + .seconds(10)) { $0.count >= count ? $0 : nil } ?? []
    }
}

struct DeviceCaptureTests {
    @Test func aCaptureBeforeTheSwitchoverLeavesWhatTheMigrationTells() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        try machine.run()
        try machine.stopByCommand()
        _ = try machine.haltForMigration()
        let before = machine.saveDeviceBlob()
        #expect(try machine.captureDevices() != before, "a file's guest runs, this one was paused")
        #expect(machine.saveDeviceBlob() == before)
    }
}

struct RunControlTests {
    static func machine(
        incoming: Bool = false, network: RecordingNetwork? = nil
    ) throws -> (VirtualMachine, RecordingEngine) {
        let engine = RecordingEngine()
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.engine = engine
        if let network { parts.networkDevices = [network] }
        let machine = VirtualMachine(parts: parts, incoming: incoming)
        machine.setEventHandler { engine.add("\($0)") }
        return (machine, engine)
    }

    @Test func runAndHaltMoveEngineClockAndEventsTogether() throws {
        let (machine, engine) = try Self.machine()
        #expect(machine.runState == .prelaunch)
        try machine.run()
        try machine.run()
        #expect(machine.runState == .running)
        try machine.halt(to: .paused)
        try machine.halt(to: .paused)
        #expect(machine.runState == .paused)
        #expect(engine.log == ["resume", "engine runs", "engine stands", "stop"])
        let time = machine.parts.clock.nanoseconds
        #expect(machine.parts.clock.nanoseconds == time)
    }

    /// A pair sends events with every checkpoint, for months.
    @Test func theWayOfAnEventToItsHandlerDoesNotGrow() throws {
        let (machine, _) = try Self.machine()
        let places = Mutex<[UInt]>([])
        machine.setEventHandler { _ in
            var mark: UInt8 = 0
            let place = withUnsafeMutablePointer(to: &mark) { UInt(bitPattern: $0) }
            places.withLock { $0.append(place) }
        }
        for _ in 0..<1000 { machine.emit(.resume) }
        let stack = places.withLock { $0 }
        #expect(stack.count == 1000)
        #expect(Set(stack).count == 1, "\((stack.max() ?? 0) - (stack.min() ?? 0)) bytes of stack more")
    }

    @Test func aMachineAtRestLetsNobodyTakeItsLock() throws {
        let (machine, _) = try Self.machine()
        let entered = ThreadGate<Bool>(false)
        let lock = machine.parts.lock
        let thread = try Thread(name: "device") { lock.withLock { entered.withLock { $0 = true } } }
        #expect(entered.wait(until: SystemClock().now() + .milliseconds(20)) { $0 ? true : nil } == nil)
        try machine.run()
        #expect(entered.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil } == true)
        thread.join()
    }

    @Test func aBriefPauseShowsNeitherInStateNorInEvents() throws {
        let (machine, engine) = try Self.machine()
        try machine.run()
        let inside = machine.pauseBriefly { machine.runState }
        #expect(inside == .running)
        #expect(engine.log == ["resume", "engine runs", "engine stands", "engine runs"])
        try machine.halt(to: .colo)
        let before = engine.log
        machine.pauseBriefly {}
        #expect(engine.log == before, "a halted machine stays halted")
    }

    @Test func aBriefPauseThatFailsLetsTheGuestGoOn() throws {
        let (machine, engine) = try Self.machine()
        try machine.run()
        #expect(throws: RunStateError.self) {
            try machine.pauseBriefly { () throws(RunStateError) in
                throw RunStateError(current: .running, wanted: .debug)
            }
        }
        #expect(engine.log.last == "engine runs")
    }

    @Test func aStandbySaysItRunsWhileItsEngineStands() throws {
        let (machine, engine) = try Self.machine(incoming: true)
        try machine.runAsStandby()
        #expect(machine.runState == .running)
        try machine.halt(to: .colo)
        try machine.runAsStandby()
        #expect(engine.log == ["resume", "stop", "resume"])
        try machine.halt(to: .colo)
        try machine.run()
        #expect(engine.log.suffix(2) == ["resume", "engine runs"])
    }

    @Test func noCommandStartsTheGuestOfAStandby() throws {
        let (machine, engine) = try Self.machine(incoming: true)
        try machine.runAsStandby()
        try machine.continueByCommand()
        try machine.stopByCommand()
        #expect(machine.runState == .paused)
        try machine.continueByCommand()
        #expect(machine.runState == .running)
        #expect(engine.log == ["resume", "stop", "resume"])
        try machine.run()
        try machine.stopByCommand()
        try machine.continueByCommand()
        #expect(engine.log.suffix(2) == ["resume", "engine runs"], "after a takeover it is a guest like any other")
    }

    @Test func contIsRefusedWhileAMigrationEnds() throws {
        let (machine, _) = try Self.machine()
        try machine.halt(to: .finishMigrate, forcingState: true)
        #expect {
            try machine.continueByCommand()
        } throws: {
            "\($0)" == "Migration is not finalized yet"
        }
        try machine.run()
    }

    @Test func impossibleStepsAreRefusedInKnownWords() throws {
        let (machine, _) = try Self.machine()
        try machine.run()
        try machine.halt(to: .shutdown)
        #expect {
            try machine.run()
        } throws: {
            "\($0)" == "Resetting the Virtual Machine is required"
        }
        #expect(
            RunStateError(current: .finishMigrate, wanted: .running).description == "Migration is not finalized yet")
        machine.reset(guest: false, reason: "host-qmp-system-reset")
        #expect(machine.runState == .prelaunch)
        try machine.run()
    }

    @Test func commandsToAnIncomingMachineDecideWhetherItStarts() throws {
        let (machine, engine) = try Self.machine(incoming: true)
        try machine.stopByCommand()
        #expect(!machine.autostart)
        try machine.continueByCommand()
        #expect(machine.autostart)
        #expect(machine.runState == .inmigrate)
        #expect(engine.log.isEmpty)
    }

    @Test func aMachineThatHasEndedDoesNotRunAgain() throws {
        let (machine, engine) = try Self.machine()
        try machine.run()
        machine.shutDown()
        machine.shutDown()
        #expect(throws: RunStateError.self) { try machine.run() }
        #expect(engine.log == ["resume", "engine runs", "engine ends"])
    }

    @Test func announcementsAreRARPRequestsFromTheGuestsAddress() throws {
        let network = RecordingNetwork()
        let (machine, _) = try Self.machine(network: network)
        machine.announce(AnnounceParameters(initial: 1, max: 2, rounds: 3, step: 1))
        let frames = network.wait(for: 3)
        let mac = network.mac
        let head = [UInt8](repeating: 0xff, count: 6) + mac
        let body: [UInt8] = [0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3] + mac + [0, 0, 0, 0] + mac + [0, 0, 0, 0]
        let frame = head + body + [UInt8](repeating: 0, count: 18)
        #expect(frames == [frame, frame, frame])
        #expect(frame.count == 60)
    }

    @Test(arguments: [RunState.postmigrate, .inmigrate])
    func whoGivesItsGuestAwayAnnouncesItNoMore(_ state: RunState) throws {
        let network = RecordingNetwork()
        let (machine, _) = try Self.machine(network: network)
        try machine.run()
        let address = try #require(EthernetAddress(network.mac))
        let announcer = Announcer(
            [(network, address)],
            parameters: AnnounceParameters(initial: 100_000, max: 100_000, rounds: 1000, step: 0))
        try announcer.start()
        machine.replaceAnnouncer(announcer, name: "long")
        _ = try machine.haltForMigration()
        try machine.setState(state)
        #expect(announcer.waitUntilFinished(deadline: SystemClock().now() + .seconds(10)))
        #expect(network.wait(for: 1).count == 1)
    }

    @Test func announcementsByCommandChooseCardsAndMayRunBesideEachOther() throws {
        let network = RecordingNetwork()
        let (machine, _) = try Self.machine(network: network)
        try machine.run()
        let once = AnnounceParameters(initial: 0, max: 0, rounds: 1, step: 0)
        machine.announceByCommand(once, interfaces: ["net1"], name: "")
        machine.announceByCommand(once, interfaces: [], name: "")
        #expect(network.wait(for: 0).isEmpty)
        for index in 0..<40 { machine.announceByCommand(once, interfaces: ["net0"], name: "a\(index)") }
        machine.announceByCommand(once, interfaces: nil, name: "")
        #expect(network.wait(for: 41).count == 41)
        machine.shutDown()
    }
}

struct NoneMachineStateTests {
    @Test func theDeviceBlobIsThatOfQEMUsMachineNone() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        machine.parts.clock.set(nanoseconds: 0x1234)
        try machine.run()
        #expect(try machine.haltForMigration() == .running)
        machine.parts.clock.set(nanoseconds: 0x1234)
        let name = Array("running".utf8)
        let timer: [UInt8] =
            [4, 0, 0, 0, 0, 5] + Array("timer".utf8) + [0, 0, 0, 0, 0, 0, 0, 2]
            + [UInt8](repeating: 0, count: 22) + [0x12, 0x34] + [0x7e, 0, 0, 0, 0]
        let global: [UInt8] =
            [4, 0, 0, 0, 4, 11] + Array("globalstate".utf8) + [0, 0, 0, 0, 0, 0, 0, 1]
            + [0, 0, 0, 8] + name + [UInt8](repeating: 0, count: 93) + [0x7e, 0, 0, 0, 4]
        #expect(machine.pauseBriefly { machine.saveDeviceBlob() } == timer + global + [0])
    }

    @Test func aSavedStateIsCurrentOnlyOnceItIsApplied() throws {
        let source = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        source.parts.clock.set(nanoseconds: 777)
        let blob = source.saveDeviceBlob()
        let target = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20), incoming: true)
        let prepared = try target.prepareLoad(blob: blob, expected: target.sectionKeys)
        #expect(target.parts.clock.nanoseconds == 0)
        #expect(target.arrivedRunState == nil)
        target.load(prepared)
        #expect(target.parts.clock.nanoseconds == 777)
        #expect(target.arrivedRunState == .prelaunch)
    }

    @Test func aBadStateChangesNothing() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20), incoming: true)
        var blob = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20)).saveDeviceBlob()
        // The first letter of the run state's name.
        guard let place = blob.firstIndex(of: UInt8(ascii: "p")) else { return }
        blob[place] = UInt8(ascii: "x")
        #expect {
            _ = try machine.prepareLoad(blob: blob, expected: [])
        } throws: {
            "\($0)".contains("The state of 'globalstate' is invalid: runstate is xrelaunch")
        }
        #expect(throws: StreamError.self) { _ = try machine.prepareLoad(blob: [0], expected: machine.sectionKeys) }
    }

    @Test func everyRunStateHasAWayBackToALivingGuest() {
        for state in RunState.allCases {
            let reachable = RunState.allCases.filter { state.mayBecome($0) }
            #expect(reachable.contains(.running) || reachable.contains(.prelaunch), "\(state)")
        }
        #expect(!RunState.running.mayBecome(.postmigrate))
        #expect(!RunState.postmigrate.mayBecome(.paused))
    }
}
