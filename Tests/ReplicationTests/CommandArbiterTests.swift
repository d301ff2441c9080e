import Environment
import Foundation
import Glibc
import ReplicationCore
import SystemCalls
import Testing

@testable import Replication

struct CommandArbiterTests {
    private static let request = ArbitrationRequest(purpose: .takeOver, guest: "web", term: 6)

    private func arbiter(
        _ path: String, _ arguments: [String] = [], timeout: Nanoseconds = .seconds(30)
    ) -> CommandArbiter {
        CommandArbiter(path: path, arguments: arguments, timeout: timeout)
    }

    @Test func exitStatusZeroGrants() {
        #expect(arbiter("/bin/true").decide(Self.request) == .granted)
    }

    @Test func anotherExitStatusRefusesAndIsTold() throws {
        let folder = try ScratchFolder()
        let path = try folder.script("no", "exit 7")
        #expect(arbiter(path).decide(Self.request) == .refused("arbiter \(path) ended with exit status 7"))
    }

    @Test func aSignalRefusesAndIsTold() throws {
        let folder = try ScratchFolder()
        let path = try folder.script("dies", "kill -9 $$")
        #expect(arbiter(path).decide(Self.request) == .refused("arbiter \(path) was killed by signal 9"))
    }

    @Test func aMissingExecutableRefuses() {
        guard case .refused(let why) = arbiter("/nonexistent/fence").decide(Self.request) else {
            Issue.record("an arbiter that does not exist has granted")
            return
        }
        #expect(why.contains("could not be run") && why.contains("/nonexistent/fence"))
    }

    @Test func aFileThatIsNoExecutableRefuses() throws {
        let folder = try ScratchFolder()
        try "text".write(toFile: folder.path("text"), atomically: true, encoding: .utf8)
        guard case .refused = arbiter(folder.path("text")).decide(Self.request) else {
            Issue.record("a text file has granted")
            return
        }
    }

    @Test func silenceRefusesAndEndsTheWholeProcessGroup() throws {
        let folder = try ScratchFolder()
        let grandchild = folder.path("grandchild")
        // The grandchild survives its parent unless the whole group is killed.
        let path = try folder.script("hangs", "sleep 600 &\necho $! > \(grandchild)\nwait")
        let verdict = arbiter(path, timeout: .milliseconds(400)).decide(Self.request)
        #expect(verdict == .refused("arbiter \(path) did not answer within 400 ms"))
        let text = try String(contentsOfFile: grandchild, encoding: .utf8)
        let process = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(awaitsEnd(of: process))
    }

    @Test(arguments: [ArbiterPurpose.takeOver, .continueAlone, .start])
    func theQuestionArrivesInTheEnvironment(purpose: ArbiterPurpose) throws {
        let folder = try ScratchFolder()
        let path = try folder.script(
            "asked", "echo \"$COLOD_GUEST $COLOD_TERM $COLOD_PURPOSE $*\" > \(folder.path("answer"))")
        let request = ArbitrationRequest(purpose: purpose, guest: "my guest", term: .max)
        #expect(arbiter(path, ["--host", "b c"]).decide(request) == .granted)
        #expect(try folder.text("answer") == "my guest \(UInt64.max) \(purpose.rawValue) --host b c\n")
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
