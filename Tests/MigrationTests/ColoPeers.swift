import Environment
import GuestMemory
import MigrationFormat
import Synchronization
import SystemCalls
import VirtualMachine

@testable import Migration

/// The simplest primary: takes `rounds` checkpoints one after the other, changing RAM before each, and leaves.
final class SequentialPrimary: ColoHandler {
    private let rounds: Int
    private let failure = Mutex<String?>(nil)
    private let finished = ThreadGate<Bool>(false)
    private let hold = ThreadGate<Bool>(false)

    init(rounds: Int) { self.rounds = rounds }

    var error: String? { failure.withLock { $0 } }

    /// Waits until all checkpoints are taken.
    func awaitRounds() -> Bool { finished.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil } ?? false }

    /// Lets the handler return, which closes the channel.
    func leave() { hold.withLock { $0 = true } }

    func maySwitchOver() -> Bool { true }
    func incomingAccepted() {}

    func runPrimary(_ session: ColoPrimarySession) -> ColoOutcome {
        do throws(MigrationFailure) {
            let deadline = SystemClock().now() + .seconds(10)
            guard try session.receive(until: deadline) == .checkpointReady else { throw .peer("no checkpoint-ready") }
            try onMachine { () throws(RunStateError) in try session.machine.run() }
            for round in 0..<rounds { try checkpoint(session, round, deadline) }
        } catch {
            failure.withLock { $0 = error.description }
        }
        finished.withLock { $0 = true }
        _ = hold.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil }
        return .left
    }

    private func checkpoint(_ session: ColoPrimarySession, _ round: Int, _ deadline: Nanoseconds)
        throws(MigrationFailure)
    {
        let machine = session.machine
        for page in 0..<20 {
            machine.memory.write(UInt64(page * 7 + round) * 4096 + 17, bytes: [UInt8(round + 1), UInt8(page)])
        }
        machine.memory.write(UInt64(round) * 4096, bytes: [UInt8](repeating: 0, count: 4096))
        try session.send(.checkpointRequest)
        try expect(.checkpointReply, session, deadline)
        var pages: [[Int32]] = machine.memory.blocks.map { _ in [] }
        let blob = machine.pauseBriefly {
            for (index, block) in machine.memory.blocks.enumerated() { block.dirtyLog.harvest(into: &pages[index]) }
            return machine.saveDeviceBlob()
        }
        try session.send(.vmstateSend)
        try session.beginLiveState()
        for (index, block) in machine.memory.blocks.enumerated() {
            for page in pages[index] {
                try session.sendPage(PageLocation(block: index, page: Int(page)), at: block.base + Int(page) * 4096)
            }
        }
        try session.endLiveState()
        try session.sendDeviceBlob(blob)
        try expect(.vmstateReceived, session, deadline)
        try expect(.vmstateLoaded, session, deadline)
    }

    private func expect(
        _ message: ColoMessage, _ session: ColoPrimarySession, _ deadline: Nanoseconds
    ) throws(MigrationFailure) {
        let found = try session.receive(until: deadline)
        guard found == message else { throw .peer("\(found.name) instead of \(message.name)") }
    }

    func runSecondary(_ session: ColoSecondarySession) -> ColoOutcome { .peerLost("not a secondary") }
}

/// The simplest secondary: stages each checkpoint, applies it, and ends when the primary has gone.
final class SequentialSecondary: ColoHandler {
    private let state = ThreadGate<(checkpoints: Int, end: String?)>((0, nil))

    /// Waits for that many checkpoints.
    func awaitCheckpoints(_ count: Int) -> Bool {
        state.wait(until: SystemClock().now() + .seconds(10)) { $0.checkpoints >= count ? true : nil } ?? false
    }

    /// Waits for the end, and tells why.
    func awaitEnd() -> String? { state.wait(until: SystemClock().now() + .seconds(10)) { $0.end } }

    func maySwitchOver() -> Bool { true }
    func incomingAccepted() {}

    func runPrimary(_ session: ColoPrimarySession) -> ColoOutcome { .peerLost("not a primary") }

    func runSecondary(_ session: ColoSecondarySession) -> ColoOutcome {
        do throws(MigrationFailure) {
            let arena = try onSystem { () throws(SystemError) in try StagingArena(memory: session.machine.memory) }
            let clock = SystemClock()
            try onMachine { () throws(RunStateError) in try session.machine.runAsStandby() }
            try session.send(.checkpointReady)
            while true {
                guard try session.receive(until: clock.now() + .seconds(10)) == .checkpointRequest else {
                    throw .peer("no checkpoint-request")
                }
                try onMachine { () throws(RunStateError) in try session.machine.halt(to: .colo) }
                try session.send(.checkpointReply)
                let deadline = clock.now() + .seconds(10)
                guard try session.receive(until: deadline) == .vmstateSend else { throw .peer("no vmstate-send") }
                try session.receiveLiveState(into: arena, until: deadline)
                guard case .vmstateSize(let size) = try session.receive(until: deadline) else {
                    throw .peer("no vmstate-size")
                }
                let devices = try session.receiveDeviceState(size: size, until: deadline)
                try session.send(.vmstateReceived)
                session.machine.load(devices) { arena.apply() }
                try onMachine { () throws(RunStateError) in try session.machine.runAsStandby() }
                state.withLock { $0.checkpoints += 1 }
                try session.send(.vmstateLoaded)
            }
        } catch {
            state.withLock { $0.end = error.description }
            return .peerLost(error.description)
        }
    }
}
