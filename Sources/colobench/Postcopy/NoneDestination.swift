import Environment
import Migration
import PairLab
import QAPI
import SystemCalls
import VirtualMachine

/// A machine `none` of this process that a guest moves to.
final class NoneDestination {
    private struct State {
        var arrival: Double?
        var hasEnded = false
        var complaint: String?
    }

    let machine: VirtualMachine
    private let controller: MigrationController
    private let gate = ThreadGate(State())

    init(megabytes: Int, _ mode: PostcopyMode) throws {
        let gate = gate
        machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: megabytes << 20), incoming: true)
        controller = MigrationController(machine: machine, expectsIncoming: true) { event in
            gate.withLock { state in
                switch event {
                case .status(.completed): state.hasEnded = true
                case .incomingFailed(let text), .incomingRefused(let text): state.complaint = text
                case .postcopyPaused(let pause): state.complaint = pause.why
                default: break
                }
            }
        }
        machine.setEventHandler { event in
            if event == .resume { gate.withLock { $0.arrival = SystemWallClock().sinceEpoch().inMilliseconds * 1000 } }
        }
        let names = mode.capabilities.compactMap(MigrationCapability.init(rawValue:))
        try controller.setCapabilities(names.map { MigrationCapabilityStatus($0, true) })
    }

    /// Listens, at the path `path` if it is a unix socket, and returns what a source is to connect to.
    func listen(_ way: MigrationTransport, _ path: String) throws -> String {
        let uri = way == .tcp ? "tcp:127.0.0.1:0" : "unix:\(path)"
        try controller.migrateIncoming(uri: uri)
        guard way == .tcp else { return uri }
        guard case .inet(let address)? = controller.queryMigrate().socketAddress?.first?.variant else {
            throw LabError("no port is listened on")
        }
        return "tcp:127.0.0.1:\(address.port)"
    }

    /// Waits until the machine runs; when that was, in microseconds since 1970.
    func awaitGuest() throws -> Double { try wait { $0.arrival } }

    /// Waits until all of its memory is here.
    func awaitEnd() throws { _ = try wait { $0.hasEnded ? true : nil } }

    private func wait<Value>(_ value: (State) -> Value?) throws -> Value {
        let found = gate.wait(until: SystemClock().now() + .seconds(120)) { state -> Result<Value, LabError>? in
            if let complaint = state.complaint { return .failure(LabError(complaint)) }
            return value(state).map { .success($0) }
        }
        guard let found else { throw LabError("the machine 'none' does not move") }
        return try found.get()
    }

    /// Ends the machine.
    func end() { machine.shutDown() }
}
