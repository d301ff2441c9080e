import Synchronization
import SystemCalls

/// Where a hart stands in SBI's hart state management (SBI 2.0 chapter 9).
enum HartManagementState: UInt8 {
    case started = 0
    case stopped = 1
    case startPending = 2
}

/// The state of a hart that other harts ask for and change: a start request with its arguments.
final class HartManagement: Sendable {
    private struct Start {
        var address: UInt64 = 0
        var opaque: UInt64 = 0
    }

    private let current = Atomic<UInt8>(HartManagementState.stopped.rawValue)
    private let start = Mutex(Start())

    /// The state now; any thread may ask.
    var state: HartManagementState {
        HartManagementState(rawValue: current.load(ordering: .acquiring)) ?? .stopped
    }

    /// Whether the hart executes instructions.
    @inline(__always)
    var isStarted: Bool { current.load(ordering: .relaxed) == HartManagementState.started.rawValue }

    /// Asks a stopped hart to start at `address`; false if it is not stopped.
    func requestStart(address: UInt64, opaque: UInt64) -> Bool {
        start.withLock { start in
            guard state == .stopped else { return false }
            start = Start(address: address, opaque: opaque)
            current.store(HartManagementState.startPending.rawValue, ordering: .releasing)
            return true
        }
    }

    /// Takes a start request; nil if there is none. Only by the hart itself.
    func takeStart() -> (address: UInt64, opaque: UInt64)? {
        start.withLock { start in
            guard state == .startPending else { return nil }
            current.store(HartManagementState.started.rawValue, ordering: .releasing)
            return (start.address, start.opaque)
        }
    }

    /// Stops the hart. Only by the hart itself.
    func stop() { current.store(HartManagementState.stopped.rawValue, ordering: .releasing) }

    /// Where a start request would begin, for saved state.
    var pendingStart: (address: UInt64, opaque: UInt64) { start.withLock { ($0.address, $0.opaque) } }

    /// Sets the state. Only while the machine is paused.
    func restore(_ state: HartManagementState, address: UInt64 = 0, opaque: UInt64 = 0) {
        start.withLock { $0 = Start(address: address, opaque: opaque) }
        current.store(state.rawValue, ordering: .releasing)
    }
}
