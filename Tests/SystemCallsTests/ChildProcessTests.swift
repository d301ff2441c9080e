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

    @Test("a process that is killed while another thread waits for it, with what it has started")
    func killedByAnother() throws {
        let output = try Descriptor.pipe()
        let sleeper = try ChildProcess(
            path: "/bin/sh", arguments: ["-c", "sleep 1000 & echo ready; wait"],
            environment: ["PATH=/usr/bin:/bin"], standardOutput: output.writing.number)
        let reading = output.takeReading()
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reading.number, &bytes, bytes.count) == 6)
        let killer = try Thread(name: "killer") { sleeper.kill() }
        #expect(try sleeper.wait(until: soon) == .killed(SIGKILL))
        killer.join()
        sleeper.kill()
        // Nobody has the other end any more.
        #expect(read(reading.number, &bytes, bytes.count) == 0)
    }

    /// What the calling thread starts from now on is in a process namespace of its own: unshare(2) with CLONE_NEWPID, which
    /// Swift does not see.
    private static func leaveProcessNamespace() -> Bool {
        guard let call = dlsym(dlopen(nil, RTLD_NOW), "unshare") else { return false }
        return unsafeBitCast(call, to: (@convention(c) (Int32) -> Int32).self)(0x2000_0000) == 0
    }

    /// Its end takes as long as nobody has reaped the other process of its namespace, of which it is the first.
    @Test(
        "nobody waits for one who waits for a process whose end takes long",
        .enabled(if: geteuid() == 0, "only root can make a process namespace"))
    func slowEnd() throws {
        let output = try Descriptor.pipe()
        let number = output.writing.number
        let started = ThreadGate<(ChildProcess, ChildProcess)?>(nil)
        let starter = try Thread(name: "namespace") {
            guard Self.leaveProcessNamespace(),
                let first = try? ChildProcess(path: "/bin/sleep", arguments: ["1000"], environment: []),
                let other = try? ChildProcess(
                    path: "/bin/sleep", arguments: ["1000"], environment: [], standardOutput: number)
            else { return }
            started.withLock { $0 = (first, other) }
        }
        starter.join()
        let reading = output.takeReading()
        let (first, other) = try #require(started.withLock { $0 })
        let waiter = try Thread(name: "waiter") { _ = try? first.wait(until: .zero) }
        // The other one is killed with the first.
        var byte: UInt8 = 0
        #expect(read(reading.number, &byte, 1) == 0)
        #expect(kill(first.processID, 0) == 0)
        let isDone = ThreadGate(false)
        let killer = try Thread(name: "killer") {
            first.kill()
            isDone.withLock { $0 = true }
        }
        let done = isDone.wait(until: SystemClock().now() + .seconds(5)) { $0 ? true : nil }
        #expect(done == true, "it waits for the thread that waits")
        #expect(try other.wait(until: soon) == .killed(SIGKILL))
        waiter.join()
        killer.join()
        #expect(try first.wait(until: soon) == .killed(SIGKILL))
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

    @Test("a child gets descriptors 0, 1 and 2 and no other, even of those that this process left open for children")
    func noDescriptorLeaks() throws {
        let leaky = (0..<4).map { _ in dup(STDERR_FILENO) }
        defer { for number in leaky { close(number) } }
        for number in leaky { try #require(fcntl(number, F_GETFD) == 0, "not close-on-exec") }
        let output = try Descriptor.pipe()
        // The test inside the shell opens nothing, so what it finds was inherited.
        let numbers = (0..<256).map { "\($0)" }
        let child = try ChildProcess(
            path: "/bin/sh",
            arguments: ["-c", "for n; do [ -e /proc/self/fd/$n ] && echo $n; done; exit 0", "sh"] + numbers,
            environment: ["PATH=/usr/bin:/bin"], standardOutput: output.writing.number)
        #expect(try child.wait(until: soon) == .exited(0))
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(output.reading.number, &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "0\n1\n2\n")
    }

    @Test("every descriptor can be made close-on-exec at once, but 0, 1 and 2")
    func closeAllOnExec() throws {
        let leaky = dup(STDERR_FILENO)
        defer { close(leaky) }
        try #require(fcntl(leaky, F_GETFD) == 0)
        let before = (0...2).map { fcntl(Int32($0), F_GETFD) }
        try Descriptor.closeAllOnExec()
        #expect(fcntl(leaky, F_GETFD) == FD_CLOEXEC)
        #expect((0...2).map { fcntl(Int32($0), F_GETFD) } == before)
    }
}
