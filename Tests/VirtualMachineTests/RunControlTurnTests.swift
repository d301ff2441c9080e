import Environment
import MachineModel
import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

/// Many want the run control while a device keeps the guest from standing.
struct RunControlTurnTests {
    private static let patience = Nanoseconds.seconds(30)

    /// A running machine with a device that holds the machine lock until `mayLeave`.
    private struct Stalled {
        let machine: VirtualMachine
        let engine: RecordingEngine
        let mayLeave = ThreadGate(false)
        let device: Thread

        init() throws {
            (machine, engine) = try RunControlTests.machine()
            try machine.run()
            let (inside, mayLeave, lock) = (ThreadGate(false), mayLeave, machine.parts.lock)
            device = try Thread(name: "device") {
                lock.withLock {
                    inside.withLock { $0 = true }
                    _ = mayLeave.wait { $0 ? true : nil }
                }
            }
            _ = inside.wait { $0 ? true : nil }
        }

        func recover() {
            mayLeave.withLock { $0 = true }
            device.join()
        }
    }

    private func awaits(_ condition: () -> Bool) -> Bool {
        let end = SystemClock().now() + Self.patience
        while !condition(), SystemClock().now() < end {}
        return condition()
    }

    @Test func aDeviceThatDoesNotComeBackEndsAPauseAtItsDeadlineAndTheGuestGoesOn() throws {
        let stalled = try Stalled()
        let outcome = ThreadGate<String?>(nil)
        let pause = try Thread(name: "pause") {
            do {
                try stalled.machine.pauseBriefly(within: .milliseconds(20)) {}
                outcome.withLock { $0 = "paused" }
            } catch {
                outcome.withLock { $0 = "\(error)" }
            }
        }
        let text = outcome.wait(until: SystemClock().now() + Self.patience) { $0 }
        #expect(text == "The guest does not come to a stand: a device is in the middle of an operation")
        #expect(stalled.engine.log == ["resume", "engine runs", "engine stands", "engine runs"])
        stalled.recover()
        pause.join()
        #expect(stalled.machine.pauseBriefly { stalled.machine.runState } == .running)
    }

    @Test func aPauseThatHasADeadlineWaitsNoLongerForOneThatHasNone() throws {
        let stalled = try Stalled()
        let machine = stalled.machine
        let reset = try Thread(name: "reset") { machine.reset(guest: true, reason: "guest-reset") }
        #expect(awaits { stalled.engine.log.contains("engine stands") })
        let refusals = ThreadGate<[String]>([])
        let commands = try Thread(name: "commands") {
            do { try machine.pauseBriefly(within: .milliseconds(20)) {} } catch {
                refusals.withLock { $0.append("\(error)") }
            }
            do { try machine.halt(to: .paused, within: .milliseconds(20)) } catch {
                refusals.withLock { $0.append("\(error)") }
            }
        }
        let told = refusals.wait(until: SystemClock().now() + Self.patience) { $0.count == 2 ? $0 : nil }
        #expect(
            told
                == Array(
                    repeating: "The guest does not come to a stand: another operation on it is under way", count: 2))
        stalled.recover()
        reset.join()
        commands.join()
        #expect(machine.runState == .running)
    }

    /// A reset that waits for the vCPUs again and again lets a command in between two attempts.
    @Test func whoWaitsBehindAResetThatGoesOnForEverGetsItsTurn() throws {
        let (machine, engine) = try RunControlTests.machine()
        try machine.run()
        engine.isStuck.store(true, ordering: .relaxed)
        let reset = try Thread(name: "reset") { machine.reset(guest: true, reason: "guest-reset") }
        let isServed = ThreadGate(0)
        let command = try Thread(name: "command") {
            for _ in 0..<200 {
                _ = machine.autostart
                isServed.withLock { $0 += 1 }
            }
        }
        #expect(isServed.wait(until: SystemClock().now() + Self.patience) { $0 == 200 ? true : nil } == true)
        engine.isStuck.store(false, ordering: .relaxed)
        reset.join()
        command.join()
    }
}
