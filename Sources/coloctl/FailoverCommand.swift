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
        if !yes { try confirm(status) }
        _ = try connection.run("x-colod-failover", patience: Self.patience)
        let after = try connection.status()
        print("Done: this side is \(after.role.rawValue), \(after.state.rawValue), term \(after.term).")
    }

    private func confirm(_ status: ColodStatus) throws(Failure) {
        guard isatty(0) == 1 else {
            throw Failure(.usage, "not confirmed, and nobody to ask", next: "say --yes if this is what you want")
        }
        print("This side is \(status.role.rawValue), \(status.state.rawValue), term \(status.term).")
        if status.peer.connected { print("The peer is still connected. A drill is 'coloctl drill'.") }
        if status.arbiter == "none" { print("No arbiter checks that the peer is dead; make sure that it is.") }
        print("Fail over to this side? Type yes: ", terminator: "")
        fflush(nil)
        guard readLine() == "yes" else { throw Failure(.usage, "nothing was done") }
    }
}

/// `coloctl drill`.
struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Rehearse a failover, and say how long the service stood still.",
        discussion: "Refuses unless the pair is protected.")

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Print one JSON object.") var json = false

    /// A drill takes over and may wait until the pair is whole again.
    private static let patience = Nanoseconds.seconds(120)

    func run() throws {
        let connection = try options.connect()
        let status = try connection.status()
        guard status.protected else {
            throw Failure(
                .refused, "the pair is not protected (\(status.state.rawValue)); a drill would be an outage",
                next: "wait until 'coloctl status' says protected")
        }
        let reply = try connection.run("x-colod-drill", patience: Self.patience)
        guard let milliseconds = reply["milliseconds"]?.double else {
            throw Failure(.unclear, "colod does not say how long the drill took")
        }
        if json {
            print(reply.text())
        } else {
            print("Drill done: the service stood still for \(decimal(milliseconds, digits: 1)) ms.")
        }
    }
}
