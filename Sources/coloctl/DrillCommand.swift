import ArgumentParser
import Environment
import Glibc
import QAPI
import QMP
import SystemCalls

/// `coloctl drill`.
struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Rehearse a failover, and say how long the handover took.",
        discussion: "Refuses unless the pair is protected.")

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Print one JSON object.") var json = false

    /// A drill takes over and may wait until the pair is whole again.
    private static let patience = Nanoseconds.seconds(120)
    /// How long the guest may take to send its first frame on the new side.
    private static let firstFramePatience = Nanoseconds.seconds(2)
    private static let retryMicroseconds: UInt32 = 50_000
    private static let clock = SystemClock()

    func run() throws {
        let connection = try options.connect()
        let status = try connection.status()
        guard status.protected else {
            let reasons = (status.impairments ?? []).map { "; \($0)" }.joined()
            throw Failure(
                .refused,
                "the pair is not protected (\(status.state.rawValue)), and a drill would be an outage\(reasons)",
                next: "wait until 'coloctl status' says protected")
        }
        let reply = try connection.run("x-colod-drill", patience: Self.patience)
        guard let milliseconds = reply["milliseconds"]?.double else {
            throw Failure(.unclear, "colod does not say how long the drill took")
        }
        let isNewSide = status.role == .secondary
        let takeover = reply["takeover-ms"]?.double ?? (isNewSide ? firstFrame(connection, status) : nil)
        let result = DrillResult(milliseconds: milliseconds, takeover: takeover, isNewSide: isNewSide)
        try say(json ? result.json.shown() : "Drill done: \(result.text).")
    }

    /// The takeover's time as this side, which has the guest now, tells it once a frame has left.
    private func firstFrame(_ connection: Connection, _ before: ColodStatus) -> Double? {
        let deadline = Self.clock.now() + Self.firstFramePatience
        repeat {
            guard let status = try? connection.status() else { return nil }
            if let time = status.takeoverMs, status.term > before.term { return time }
            usleep(Self.retryMicroseconds)
        } while Self.clock.now() < deadline
        return nil
    }
}

/// How long a drill took, and from when to when that was measured.
struct DrillResult {
    let milliseconds: Double
    let takeover: Double?
    let isNewSide: Bool

    var text: String {
        if let takeover {
            return "handed over in \(decimal(takeover, digits: 1)) ms (from the command to the first frame released by "
                + "the new side)"
        }
        let end = isNewSide ? "the guest ran on this side" : "this side heard that the other one has the guest"
        return
            "handed over in \(decimal(milliseconds, digits: 1)) ms (from the command until \(end)); clients wait longer, "
            + "until the first frame leaves the new side, which was not measured"
    }

    var json: JSONValue {
        var object: JSONObject = [:]
        object["milliseconds"] = .double(rounded(milliseconds))
        object["takeover-ms"] = takeover.map { .double(rounded($0)) }
        object["measured"] =
            takeover == nil
            ? "from the command until the guest was on the new side" : "from the command to the first frame released"
        return .object(object)
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
