import Environment
import Foundation
import Glibc
import PairLab
import ReplicationCore
import SystemCalls
import Testing

@testable import Replication

struct CommandArbiterTests {
    private static let request = ArbitrationRequest(purpose: .takeOver, guest: "web", term: 6)

    // A script that was only just written may still be open in a process that another test is starting, so the shell
    // gets its text as an argument.
    private func shell(
        _ script: String, _ arguments: [String] = [], timeout: Nanoseconds = .seconds(30)
    ) -> CommandArbiter {
        CommandArbiter(path: "/bin/sh", arguments: ["-c", script, "fence"] + arguments, timeout: timeout)
    }

    @Test func exitStatusZeroGrants() {
        #expect(shell("exit 0").decide(Self.request) == .granted)
    }

    @Test(arguments: [1, 7, 255])
    func anotherExitStatusRefusesAndIsTold(status: Int) {
        #expect(
            shell("exit \(status)").decide(Self.request)
                == .refused("/bin/sh ended with exit status \(status)"))
    }

    @Test func aSignalRefusesAndIsTold() {
        #expect(shell("kill -9 $$").decide(Self.request) == .refused("/bin/sh was killed by signal 9"))
    }

    @Test(arguments: ["/nonexistent/fence", "/etc/passwd", "/"])
    func whatCannotBeRunRefuses(path: String) {
        let arbiter = CommandArbiter(path: path, arguments: [], timeout: .seconds(30))
        guard case .refused(let why) = arbiter.decide(Self.request) else {
            Issue.record("\(path) has granted")
            return
        }
        #expect(why.hasPrefix("\(path) could not be run: "))
    }

    @Test func silenceRefusesAndEndsTheWholeProcessGroup() throws {
        let folder = try TemporaryFolder()
        // The grandchild survives its parent unless the whole group is killed.
        let arbiter = shell(
            "sleep 600 & echo $! > \"$1\"; wait", [folder.path("grandchild")], timeout: .milliseconds(1500))
        let verdict = arbiter.decide(Self.request)
        #expect(verdict == .refused("/bin/sh did not answer within 1500 ms"))
        let text = try folder.read("grandchild").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(awaitsEnd(of: try #require(pid_t(text))))
    }

    /// Settled otherwise: a command that would fence the peer in a moment is ended first.
    @Test func aQuestionThatIsWithdrawnEndsTheCommand() throws {
        let folder = try TemporaryFolder()
        let mark = folder.path("fenced")
        let arbiter = CommandArbiter(
            path: "/bin/sh", arguments: ["-c", "sleep 20; touch \(mark)"], timeout: .seconds(30))
        let withdrawn = try EventSignal()
        withdrawn.raise()
        let start = SystemClock().now()
        guard case .refused = arbiter.decide(Self.request, orUntil: withdrawn) else {
            Issue.record("nobody answered, and it counts as a yes")
            return
        }
        #expect(SystemClock().now() < start + .seconds(10))
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test(arguments: [ArbiterPurpose.takeOver, .continueAlone, .start])
    func theQuestionArrivesInTheEnvironment(purpose: ArbiterPurpose) throws {
        let folder = try TemporaryFolder()
        let answer = folder.path("answer")
        let arbiter = shell("echo \"$COLOD_GUEST $COLOD_TERM $COLOD_PURPOSE $2\" > \"$1\"", [answer, "b c"])
        #expect(arbiter.decide(ArbitrationRequest(purpose: purpose, guest: "my guest", term: .max)) == .granted)
        #expect(try folder.read("answer") == "my guest \(UInt64.max) \(purpose.rawValue) b c\n")
    }

    @Test func theCommandGetsNoDescriptorOfThisProcess() throws {
        let leaky = (0..<4).map { _ in dup(STDERR_FILENO) }
        defer { for number in leaky { close(number) } }
        let numbers = (3..<256).map { "\($0)" }
        let arbiter = shell("for n; do [ -e /proc/self/fd/$n ] && exit 1; done; exit 0", numbers)
        #expect(arbiter.decide(Self.request) == .granted)
    }

    @Test func theArbiterNoneGrantsEverything() {
        #expect(NoArbiter().decide(Self.request) == .granted)
    }

    /// Whether a process that this test does not own is gone, or a corpse that waits for its new parent.
    private func awaitsEnd(of process: pid_t) -> Bool {
        let end = SystemClock().now() + .seconds(10)
        while SystemClock().now() < end {
            if kill(process, 0) != 0, errno == ESRCH { return true }
            let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ") Z"
            if stat.contains(") Z") { return true }
            sched_yield()
        }
        return false
    }
}
