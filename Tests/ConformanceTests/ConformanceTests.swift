// What a QMP client sees of colod, held against what QEMU 7.2 answers: calls and sessions that were recorded (Data),
// a real QEMU 7.2 beside it that is asked the same, the real Python client, and garbage.

import Glibc
import PairLab
import Testing

/// One after the other: each test has processes that want the cores for themselves.
@Suite("Conformance", .serialized)
enum ConformanceTests {}

/// What this machine lacks for a test; nil if nothing.
enum Missing {
    /// For tests with a colod.
    static let forColod: String? = {
        let program = ProtectedPair.builtProgram("colod")
        return access(program, X_OK) == 0 ? nil : "colod was not built beside the tests"
    }()

    /// For tests that hold a colod against a real QEMU.
    static let forComparison: String? = {
        forColod ?? (QEMUPeer.isInstalled ? nil : "\(QEMUPeer.path) is not installed: run make deps")
    }()
}

/// A test that runs with a colod.
func needsColod() -> some SuiteTrait & TestTrait { .disabled(if: Missing.forColod != nil, "\(Missing.forColod ?? "")") }

/// A test that runs with a colod and a real QEMU.
func needsQEMU() -> some SuiteTrait & TestTrait {
    .disabled(if: Missing.forComparison != nil, "\(Missing.forComparison ?? "")")
}

/// A number from the environment, for longer or other runs by hand.
func setting(_ name: String, default value: Int) -> Int {
    getenv(name).flatMap { Int(String(cString: $0)) } ?? value
}
