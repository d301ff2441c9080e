import Environment
import Glibc
import GuestMemory
import Migration
import PairLab
import QAPI
import SystemCalls
import VirtualMachine

/// A machine `none` of colod as such a source, in this process: only from within can its pages be noted as written.
final class ChangingNone: ChangingSource {
    private struct State {
        var reached: Set<MigrationStatus> = []
        var complaint: String?
    }

    private let machine: VirtualMachine
    private let controller: MigrationController
    private let gate = ThreadGate(State())

    init(_ ram: RAMFile, cacheBytes: Int) throws {
        let gate = gate
        var parts = try NoneMachine.parts(memorySize: ram.byteCount)
        let block = try RAMBlock(
            name: "ram", guestAddress: 0, size: ram.byteCount, backing: .file(path: ram.path, isShared: true))
        parts.memory = GuestMemory(blocks: [block])
        machine = VirtualMachine(parts: parts)
        controller = MigrationController(machine: machine, expectsIncoming: false) { event in
            gate.withLock { state in
                switch event {
                case .status(let status): state.reached.insert(status)
                case .outgoingFailed(let text, _): state.complaint = text
                default: break
                }
            }
        }
        try controller.setCapabilities(
            [.events, .xbzrle, .pauseBeforeSwitchover].map { MigrationCapabilityStatus($0, true) })
        try controller.updateParameters { values in
            values.xbzrleCacheSize = UInt64(cacheBytes)
            values.maxBandwidth = UInt64(MigrationLab.standstill)
            values.downtimeLimit = 1
        }
    }

    func begin(to uri: String) throws {
        try controller.migrate(uri: uri).start()
        try awaitStatus(.active)
    }

    func markPages() {
        for block in machine.memory.blocks { block.dirtyLog.mark(pages: 0..<block.pageCount) }
    }

    func sendAll() throws {
        try controller.updateParameters { $0.maxBandwidth = 0 }
        try awaitStatus(.preSwitchover)
    }

    func goOn() throws { try controller.migrateContinue(state: .preSwitchover)() }
    func awaitCompletion() throws { try awaitStatus(.completed) }
    func cpuSeconds() throws -> Double { try ProcessorTime.seconds(of: getpid()) }
    func end() { machine.shutDown() }

    func counts() throws -> DifferenceCounts {
        guard let cache = controller.queryMigrate().xbzrleCache else { throw LabError("colod says nothing of xbzrle") }
        return DifferenceCounts(pages: Int(cache.pages), overflows: Int(cache.overflow), bytes: Int(cache.bytes))
    }

    private func awaitStatus(_ status: MigrationStatus) throws {
        let end = SystemClock().now() + .seconds(120)
        let complaint = gate.wait(until: end) { state in
            state.complaint ?? (state.reached.contains(status) ? "" : nil)
        }
        guard complaint?.isEmpty == true else {
            throw LabError("the migration is not \(status.rawValue): \(complaint ?? "nothing happens")")
        }
    }
}
