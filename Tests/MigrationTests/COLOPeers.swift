import Environment
import GuestMemory
import MachineModel
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import VirtualMachine

@testable import Migration

/// The simplest primary: takes `rounds` checkpoints one after the other, changing RAM before each, and leaves.
final class SequentialPrimary: COLOHandler {
    private let rounds: Int
    private let failure = Mutex<String?>(nil)
    private let finished = ThreadGate<Bool>(false)
    private let hold = ThreadGate<Bool>(false)

    private let prepare: @Sendable () -> Void
    private let begin: @Sendable () -> Void

    /// `prepare` is called before each checkpoint, while the guest runs; `begin` when the initial state was sent, before
    /// it does.
    init(rounds: Int, prepare: @escaping @Sendable () -> Void = {}, begin: @escaping @Sendable () -> Void = {}) {
        self.rounds = rounds
        self.begin = begin
        self.prepare = prepare
    }

    var error: String? { failure.withLock { $0 } }

    /// Waits until all checkpoints are taken.
    func awaitRounds() -> Bool { finished.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil } ?? false }

    /// Lets the handler return, which closes the channel.
    func leave() { hold.withLock { $0 = true } }

    func maySwitchOver() -> Bool { true }
    func incomingAccepted() {}

    func runPrimary(_ session: COLOPrimarySession) -> COLOOutcome {
        do throws(MigrationFailure) {
            begin()
            let deadline = SystemClock().now() + .seconds(10)
            guard try session.messages.receive(until: deadline) == .checkpointReady else {
                throw .peer("no checkpoint-ready")
            }
            try onMachine { () throws(RunStateError) in try session.machine.run() }
            for round in 0..<rounds { try checkpoint(session, round, deadline) }
        } catch {
            failure.withLock { $0 = error.description }
        }
        finished.withLock { $0 = true }
        _ = hold.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil }
        return .left
    }

    private func checkpoint(_ session: COLOPrimarySession, _ round: Int, _ deadline: Nanoseconds)
        throws(MigrationFailure)
    {
        let machine = session.machine
        for page in 0..<20 {
            machine.memory.write(UInt64(page * 7 + round) * 4096 + 17, bytes: [UInt8(round + 1), UInt8(page)])
        }
        machine.memory.write(UInt64(round) * 4096, bytes: [UInt8](repeating: 0, count: 4096))
        prepare()
        try session.messages.send(.checkpointRequest)
        try expect(.checkpointReply, session, deadline)
        let pages = try onSystem { () throws(SystemError) in try machine.memory.makePageSets() }
        var copies: [[UInt8]] = []
        let blob = try onPause { () throws(PauseTimeout) in
            try machine.harvest(session.tracker, into: pages, within: .seconds(10)) {
                for (set, block) in zip(pages, machine.memory.blocks) {
                    for page in set {
                        copies.append(machine.memory.read(block.guestAddress + UInt64(page) * 4096, count: 4096) ?? [])
                    }
                }
                return machine.saveDeviceBlob()
            }
        }
        try session.messages.send(.vmstateSend)
        try session.beginLiveState()
        // One array for all copies, so that their addresses hold until the kernel has them.
        let together = copies.flatMap { $0 }
        let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, together.count), alignment: 16)
        defer { arena.deallocate() }
        arena.copyBytes(from: together)
        var slot = 0
        for (index, block) in pages.enumerated() {
            for page in block {
                if let base = arena.baseAddress {
                    try session.sendPage(PageLocation(block: index, page: page), at: base + slot * 4096)
                }
                slot += 1
            }
        }
        try session.endLiveState()
        try session.sendDeviceBlob(blob)
        try expect(.vmstateReceived, session, deadline)
        try expect(.vmstateLoaded, session, deadline)
    }

    private func onPause<Value>(_ body: () throws(PauseTimeout) -> Value) throws(MigrationFailure) -> Value {
        do throws(PauseTimeout) { return try body() } catch { throw .peer(error.description) }
    }

    private func expect(
        _ message: COLOMessage, _ session: COLOPrimarySession, _ deadline: Nanoseconds
    ) throws(MigrationFailure) {
        let found = try session.messages.receive(until: deadline)
        guard found == message else { throw .peer("\(found.name) instead of \(message.name)") }
    }

    func runSecondary(_ session: COLOSecondarySession) -> COLOOutcome { .peerLost("not a secondary") }
}

/// The simplest secondary: stages each checkpoint, applies it, and ends when the primary has gone.
final class SequentialSecondary: COLOHandler {
    private let state = ThreadGate<(checkpoints: Int, end: String?)>((0, nil))
    private let inspect: @Sendable () -> Void

    /// `inspect` is called for each checkpoint once it is current.
    init(inspect: @escaping @Sendable () -> Void = {}) { self.inspect = inspect }

    /// Waits for that many checkpoints.
    func awaitCheckpoints(_ count: Int) -> Bool {
        state.wait(until: SystemClock().now() + .seconds(10)) { $0.checkpoints >= count ? true : nil } ?? false
    }

    /// Waits for the end, and tells why.
    func awaitEnd() -> String? { state.wait(until: SystemClock().now() + .seconds(10)) { $0.end } }

    func maySwitchOver() -> Bool { true }
    func incomingAccepted() {}

    func runPrimary(_ session: COLOPrimarySession) -> COLOOutcome { .peerLost("not a primary") }

    func runSecondary(_ session: COLOSecondarySession) -> COLOOutcome {
        do throws(MigrationFailure) {
            let arena = try onSystem { () throws(SystemError) in try StagingArena(memory: session.machine.memory) }
            let clock = SystemClock()
            try onMachine { () throws(RunStateError) in try session.machine.runAsStandby() }
            try session.messages.send(.checkpointReady)
            while true {
                guard try session.messages.receive(until: clock.now() + .seconds(10)) == .checkpointRequest else {
                    throw .peer("no checkpoint-request")
                }
                try onMachine { () throws(RunStateError) in try session.machine.halt(to: .colo) }
                try session.messages.send(.checkpointReply)
                let deadline = clock.now() + .seconds(10)
                guard try session.messages.receive(until: deadline) == .vmstateSend else {
                    throw .peer("no vmstate-send")
                }
                try session.receiveLiveState(into: arena, until: deadline)
                guard case .vmstateSize(let size) = try session.messages.receive(until: deadline) else {
                    throw .peer("no vmstate-size")
                }
                let devices = try session.receiveDeviceState(size: size, until: deadline)
                try session.messages.send(.vmstateReceived)
                session.machine.load(devices) { arena.apply() }
                inspect()
                try onMachine { () throws(RunStateError) in try session.machine.runAsStandby() }
                state.withLock { $0.checkpoints += 1 }
                try session.messages.send(.vmstateLoaded)
            }
        } catch {
            state.withLock { $0.end = error.description }
            return .peerLost(error.description)
        }
    }
}
