// Real processes on real (if small) networks: two colods, a Debian guest with Redis, clients, cut cables and killed
// or frozen hosts. What they promise is named by the tests; what they need is checked here, and a test that cannot
// run says why.

import Glibc
import PairLab
import Testing

/// One after the other, whatever else runs: whole guests want the cores for themselves.
@Suite("System", .serialized)
enum SystemTests {}

/// What this machine lacks for tests of a kind; nil if nothing.
enum Missing {
    /// For tests with hosts of their own.
    static let forHosts: String? = PairNetwork.missingRights

    /// For tests with a colod alone.
    static let forColod: String? = {
        let program = ProtectedPair.builtProgram("colod")
        return access(program, X_OK) == 0 ? nil : "colod was not built beside the tests"
    }()

    /// For tests with a pair and its guest.
    static let forPair: String? = {
        if let reason = forHosts ?? forColod { return reason }
        if access("\(Guest.folder)/stamp", R_OK) != 0 { return "there is no guest in \(Guest.folder): run make guest" }
        return nil
    }()
}

/// The guest that `make guest` assembled.
enum Guest {
    static let folder: String = {
        func variable(_ name: String) -> String? {
            guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
            return text
        }
        if let cache = variable("COLOD_CACHE") { return "\(cache)/guest" }
        return "\(variable("XDG_CACHE_HOME") ?? "\(variable("HOME") ?? "/root")/.cache")/colod/guest"
    }()

    /// The configuration that tests start from.
    static func pairConfiguration() -> PairConfiguration { PairConfiguration(guest: .init(folder: folder)) }
}

/// A test that runs with a pair of colods.
func needsPair() -> some SuiteTrait & TestTrait { .disabled(if: Missing.forPair != nil, "\(Missing.forPair ?? "")") }

/// A test that runs with a colod.
func needsColod() -> some SuiteTrait & TestTrait { .disabled(if: Missing.forColod != nil, "\(Missing.forColod ?? "")") }

/// A test that runs with hosts of its own.
func needsHosts() -> some SuiteTrait & TestTrait { .disabled(if: Missing.forHosts != nil, "\(Missing.forHosts ?? "")") }

/// The seed of this test run: $COLOD_TEST_SEED, or a new one.
enum Seed {
    static let base: UInt64 = {
        if let text = getenv("COLOD_TEST_SEED").map({ String(cString: $0) }), let seed = UInt64(text) { return seed }
        return UInt64.random(in: 1...999_999)
    }()
}
