import ArgumentParser
import Environment
import Glibc
import QAPI
import QMP

/// `coloctl failover`.
struct FailoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover", abstract: "Have this side go on alone: to be run where the guest is to live on.",
        discussion: """
            On the secondary this is a takeover; on the primary it ends the replication. colod asks its arbiter first. \
            With the arbiter 'none' nobody checks that the peer is dead: make sure yourself that it is, or both run \
            the guest.
            """)

    @OptionGroup var options: ConnectionOptions
    @Flag(name: .shortAndLong, help: "Do not ask for confirmation.") var yes = false

    /// A takeover asks the arbiter, which may take its time.
    private static let patience = Nanoseconds.seconds(60)

    func run() throws {
        let connection = try options.connect()
        let status = try connection.status()
        if !yes { try confirm(status, question: "Fail over to this side") }
        do throws(Failure) { _ = try connection.run("x-colod-failover", patience: Self.patience) } catch {
            throw Self.explain(error, status)
        }
        let after = try connection.status()
        try say("Done: this side is \(after.role.rawValue), \(after.state.rawValue), term \(after.term).")
    }
}

extension FailoverCommand {
    /// What to do about a failover that was refused.
    static func explain(_ failure: Failure, _ status: ColodStatus) -> Failure {
        guard failure.kind == .refused, failure.next == nil else { return failure }
        guard status.hasArbiter, failure.text.contains("arbiter") else {
            return Failure(failure.kind, failure.text, next: "'coloctl status' tells what this side can do")
        }
        return Failure(
            failure.kind, failure.text,
            next: "if you know that the other host is dead, make the arbiter say yes and try again, or vouch for it: "
                + "'coloctl qmp x-colo-lost-heartbeat'")
    }
}

/// Shows how things stand and asks whether the operator means it.
private func confirm(_ status: ColodStatus, question: String) throws(Failure) {
    guard isatty(0) == 1 else {
        throw Failure(.usage, "not confirmed, and nobody to ask", next: "say --yes if this is what you want")
    }
    print("This side is \(status.role.rawValue), \(status.state.rawValue), term \(status.term).")
    if status.peer.connected { print("The peer is still connected. A drill is 'coloctl drill'.") }
    if status.arbiter == "none" { print("No arbiter checks that the peer is dead; make sure that it is.") }
    print("\(question)? Type yes: ", terminator: "")
    fflush(nil)
    guard readLine() == "yes" else { throw Failure(.usage, "nothing was done") }
}

/// `coloctl start`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Boot the guest afresh on this side: the last resort.",
        discussion: """
            For a host that came back alone after both were lost: it waits for its peer, which may hold the guest. You \
            say that it does not, and never will again. Nobody checks that; what was in the guest's memory is gone.
            """)

    @OptionGroup var options: ConnectionOptions
    @Flag(name: .shortAndLong, help: "Do not ask for confirmation.") var yes = false

    /// Booting may have to wait until a listener has closed.
    private static let patience = Nanoseconds.seconds(60)

    func run() throws {
        let connection = try options.connect()
        let status = try connection.status()
        if !yes { try confirm(status, question: "Boot the guest afresh on this side") }
        _ = try connection.run("x-colod-start", patience: Self.patience)
        let after = try connection.status()
        try say("Done: this side is \(after.role.rawValue), \(after.state.rawValue), term \(after.term).")
    }
}
