public import Environment
import Synchronization
public import SystemCalls

/// Looks at a machine's health twice a second, on a thread of its own, and tells what changes.
public final class HealthMonitor: Sendable {
    /// The time between two looks.
    public static let interval = Nanoseconds.milliseconds(500)

    private let machine: VirtualMachine
    private let report: @Sendable (HealthReport) -> Void
    private let isEnding = ThreadGate(false)
    private let thread = Mutex<Thread?>(nil)

    /// A monitor of `machine`; `report` is called on its thread.
    public init(machine: VirtualMachine, report: @escaping @Sendable (HealthReport) -> Void) {
        self.machine = machine
        self.report = report
    }

    /// Begins to look. To be called once at most.
    public func start() throws(SystemError) {
        let started = try Thread(name: "health") { [machine, report, isEnding] in
            var log = HealthLog()
            let clock = SystemClock()
            repeat {
                for line in log.note(machine.health) { report(line) }
            } while isEnding.wait(until: clock.now() + Self.interval) { $0 ? true : nil } == nil
        }
        thread.withLock { $0 = started }
    }

    /// Ends it, and returns when `report` is called no more.
    public func stop() {
        isEnding.withLock { $0 = true }
        thread.withLock { $0.take() }?.join()
    }
}
