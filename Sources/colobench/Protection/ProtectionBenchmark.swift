import ArgumentParser
import Environment
import Glibc
import PairLab
import QMP

/// What clients feel of protection: the same guest with and without it, in one run.
struct ProtectionBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protection",
        abstract: "What clients feel of protection: Redis and ping, unprotected and protected, in one run.",
        discussion: """
            A Linux guest with Redis on a host of its own (network namespaces, a tap), first without a second host, then \
            protected by one: as colod does it by itself, and with fixed times between checkpoints. The same clients each \
            time: SET of 100 bytes over so many connections with so many requests under way on each (-P), all from one \
            thread, and 200 echo requests, one every 5 ms.

            Counts are those of the measured seconds alone. Pauses are what colod tells; beside them, how late a thread of this \
            program woke meanwhile that sleeps a millisecond at a time. MB/s are those of the replication network, both \
            ways; cores those of the primary's colod (a, which has the guest in it) and the secondary's (b). A connection \
            that has waited for a second in the end is stuck; max is at least as long as whoever still waits has waited.
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var place: GuestOptions

    @Option(help: "How long each case is measured, in seconds.")
    var seconds: UInt64 = 5

    @Option(parsing: .upToNextOption, help: "Numbers of connections.")
    var connections = [1, 10, 50]

    @Option(parsing: .upToNextOption, help: "Requests under way at once on a connection.")
    var pipeline = [1, 16]

    @Option(help: "How many different keys are written.")
    var keys = 1

    @Option(
        parsing: .upToNextOption,
        help: "Milliseconds between two checkpoints, whatever is held; default: as colod does it when told nothing.")
    var periods = [ProtectionPeriod(.standard), .init(.period(20)), .init(.period(1))]

    @Option(help: "Encryption of the replication channel: default, none.")
    var encryption = ProtectionEncryption.standard

    func validate() throws {
        guard (1...60).contains(seconds) else { throw ValidationError("--seconds must be 1 to 60") }
        guard connections.allSatisfy((1...1000).contains) else {
            throw ValidationError("--connections must be 1 to 1000")
        }
        guard pipeline.allSatisfy((1...256).contains) else { throw ValidationError("--pipeline must be 1 to 256") }
        guard (1...1_000_000).contains(keys) else { throw ValidationError("--keys must be 1 to 1000000") }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        if let reason = PairNetwork.missingRights { throw LabError(reason) }
        var configuration = try place.pairConfiguration()
        configuration.isEncrypted = encryption == .standard
        var report = ProtectionReport()
        for setting in [.unprotected] + periods.map(\.setting) {
            say("\(setting.title): booting the guest ...")
            let guest: ProtectedGuest
            do {
                guest = try ProtectedGuest(configuration, setting, program: place.colod)
            } catch {
                report.failures.append(.init(setting: setting, what: "boot", reason: "\(error)"))
                continue
            }
            report.encryption = report.encryption ?? guest.encryption
            measure(guest, into: &report)
        }
        output.print(report.json, text: "\n" + report.text)
        if !report.failures.isEmpty { throw ExitCode.failure }
    }

    /// All cases, one after the other. One that fails is told of and left out.
    private func measure(_ guest: ProtectedGuest, into report: inout ProtectionReport) {
        func attempt(_ what: String, _ body: () throws -> Void) {
            say("\(guest.setting.title): \(what) ...")
            do { try body() } catch {
                report.failures.append(.init(setting: guest.setting, what: what, reason: "\(error)"))
            }
        }
        let span = Nanoseconds.seconds(seconds)
        attempt("idle") {
            let rates = try guest.measureIdle(for: span)
            report.idle.append(.init(setting: guest.setting, period: guest.period, rates: rates))
        }
        func add(_ load: ProtectionCase, _ measurement: ProtectedGuest.Measurement) {
            report.rows.append(
                .init(setting: guest.setting, load: load, period: guest.period, measurement: measurement))
        }
        attempt("ping") { add(.ping, try guest.measurePing()) }
        for pipeline in pipeline {
            for connections in connections {
                let load = ProtectionCase.redis(connections: connections, pipeline: pipeline)
                attempt(load.title) {
                    let shape = SetLoad.Shape(connections: connections, pipeline: pipeline, keys: keys)
                    add(load, try guest.measure(shape, for: span))
                }
            }
        }
    }

    private func say(_ line: String) {
        guard !output.json else { return }
        print("protection: \(line)")
        fflush(nil)
    }
}
