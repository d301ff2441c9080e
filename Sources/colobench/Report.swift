import ArgumentParser
import Glibc
import PairLab
import QMP

/// The option that every subcommand has.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    /// Prints the result: `members` and the core count as JSON, or `text`.
    func print(_ members: JSONObject, text: String) {
        guard json else { return Swift.print(text) }
        var object = members
        object["cores"] = JSONValue(coreCount)
        Swift.print(JSONValue.object(object).text())
    }
}

/// How many cores this process may run on.
var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

/// Where things are that several subcommands need.
struct GuestOptions: ParsableArguments {
    @Option(help: "The folder that `make guest` filled.")
    var guest = GuestOptions.defaultFolder

    @Option(help: "The colod to run. Default: the one built beside this program.")
    var colod = ProtectedPair.builtProgram("colod")

    /// The folder that config/demo/guest/assemble fills when it is told nothing else.
    static var defaultFolder: String {
        // SAFETY: nothing in the program changes its environment, and what getenv(3) gives is copied at once.
        func variable(_ name: String) -> String? {
            guard let text = unsafe getenv(name).map({ unsafe String(cString: $0) }), !text.isEmpty else { return nil }
            return text
        }
        if let cache = variable("COLOD_CACHE") { return "\(cache)/guest" }
        return "\(variable("XDG_CACHE_HOME") ?? "\(variable("HOME") ?? "/root")/.cache")/colod/guest"
    }

    /// The configuration of a pair with this guest; throws if there is no guest yet.
    func pairConfiguration() throws -> PairConfiguration {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard unsafe access("\(guest)/stamp", R_OK) == 0 else {
            throw LabError("there is no guest in \(guest): run make guest")
        }
        guard unsafe access(colod, X_OK) == 0 else { throw LabError("there is no colod at \(colod): run make build") }
        return PairConfiguration(guest: .init(folder: guest))
    }
}

/// The same, for those who have a pair with a fixed time between checkpoints.
struct LabOptions: ParsableArguments {
    @OptionGroup var place: GuestOptions

    @Option(help: "Milliseconds between two checkpoints.")
    var checkpointDelay = 20

    var guest: String { place.guest }
    var colod: String { place.colod }

    /// The configuration of a pair with these options; throws if there is no guest yet.
    func pairConfiguration() throws -> PairConfiguration {
        var result = try place.pairConfiguration()
        result.checkpointDelay = checkpointDelay
        return result
    }
}

extension Spread {
    /// As the benchmarks print it.
    var json: JSONValue {
        ["median": .double(rounded(median)), "p99": .double(rounded(p99)), "max": .double(rounded(max))]
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

/// A number with `digits` digits after the point.
func decimal(_ value: Double, _ digits: Int = 1) -> String {
    let scale = pow(10, Double(digits))
    let text = "\((value * scale).rounded() / scale)"
    return digits == 0 ? String(text.prefix { $0 != "." }) : text
}
