import Environment
import Glibc
import SystemCalls
import Testing

@Suite("Child processes", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    private func shell(_ script: String) throws -> ChildProcess {
        try ChildProcess(path: "/bin/sh", arguments: ["-c", script], environment: ["PATH=/usr/bin:/bin", "WORD=left"])
    }

    private var soon: Nanoseconds { SystemClock().now() + .seconds(20) }

    @Test("tells how a process ended, again and again")
    func endings() throws {
        let failing = try shell("exit 3")
        #expect(try failing.wait(until: soon) == .exited(3))
        #expect(try failing.wait(until: soon) == .exited(3))
        #expect(try shell("kill -TERM $$").wait(until: soon) == .killed(SIGTERM))
        #expect(try shell("test \"$WORD\" = left").wait(until: soon) == .exited(0))
    }

    @Test("signals that this process ignores are not ignored in the child")
    func signalsAreReset() throws {
        let before = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, before) }
        #expect(try shell("kill -PIPE $$; exit 0").wait(until: soon) == .killed(SIGPIPE))
    }

    @Test("a process that is still there at the deadline is killed")
    func deadlineKills() throws {
        let sleeper = try shell("sleep 1000")
        #expect(try sleeper.wait(until: .zero) == nil)
        #expect(kill(sleeper.processID, 0) == -1, "reaped")
        #expect(try sleeper.wait(until: .zero) == .killed(SIGKILL))
    }

    @Test("a process that somebody else reaped never counts as a success")
    func unknownEndingIsAnError() throws {
        let child = try shell("exit 1")
        var status: Int32 = 0
        #expect(waitpid(child.processID, &status, 0) == child.processID)
        #expect(throws: SystemError.self) { try child.wait(until: soon) }
    }

    @Test("a missing executable is named")
    func missingExecutable() {
        let error = #expect(throws: SystemError.self) {
            try ChildProcess(path: "/no/such/command", arguments: [], environment: [])
        }
        #expect(error?.subject == "/no/such/command")
    }
}
