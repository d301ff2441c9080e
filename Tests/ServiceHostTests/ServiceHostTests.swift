import Environment
import Foundation
import Glibc
import Synchronization
import SystemCalls
import Testing

@testable import ServiceHost

/// Stands in for the service manager: a datagram socket at a path of its own.
struct FakeManager: ~Copyable {
    let path: String
    private let descriptor: Int32

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "colod-notify-\(UUID().uuidString)").path()
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the path is shorter than `sun_path`, which stays zero behind it; bind reads the structure only.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// The next message, which must be there already.
    func message() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

/// A clock that the test moves.
final class HandClock: MonotonicClock {
    private let time = Atomic<UInt64>(0)
    func now() -> Nanoseconds { Nanoseconds(time.load(ordering: .relaxed)) }
    func advance(_ span: Nanoseconds) { time.wrappingAdd(span.count, ordering: .relaxed) }
}

// The environment belongs to the whole process, so these run in processes of their own.
@Suite struct NotifyingTheServiceManager {
    @Test func everyMessageArrivesAsSystemdExpectsIt() async {
        await #expect(processExitsWith: .success) {
            let manager = try FakeManager()
            setenv("NOTIFY_SOCKET", manager.path, 1)
            let notifier = ServiceNotifier()
            #expect(notifier.isSupervised)
            #expect(notifier.ready(status: "primary, protected"))
            #expect(manager.message() == "READY=1\nSTATUS=primary, protected")
            #expect(notifier.status("one\nREADY=1"))
            #expect(manager.message() == "STATUS=one READY=1")
            #expect(notifier.watchdog())
            #expect(manager.message() == "WATCHDOG=1")
            #expect(notifier.extendTimeout(.seconds(2)))
            #expect(manager.message() == "EXTEND_TIMEOUT_USEC=2000000")
            #expect(notifier.mainProcess(7))
            #expect(manager.message() == "MAINPID=7")
            let before = SystemClock().now().count / 1000
            #expect(notifier.reloading(status: "beginning anew"))
            let lines = manager.message()?.split(separator: "\n").map(String.init) ?? []
            #expect(lines.first == "RELOADING=1" && lines.last == "STATUS=beginning anew" && lines.count == 3)
            let stamp = try #require(lines.dropFirst().first.flatMap { UInt64($0.dropFirst("MONOTONIC_USEC=".count)) })
            #expect(stamp >= before && stamp < before + 10_000_000)
            #expect(notifier.stopping(status: "ending"))
            #expect(manager.message() == "STOPPING=1\nSTATUS=ending")
            #expect(manager.message() == nil)
        }
    }

    @Test func withoutAManagerNothingHappens() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            let notifier = ServiceNotifier()
            #expect(!notifier.isSupervised)
            #expect(!notifier.ready(status: "x"))
            #expect(notifier.watchdogInterval == nil)
        }
    }

    @Test func theWatchdogIntervalComesFromTheManager() async {
        await #expect(processExitsWith: .success) {
            setenv("NOTIFY_SOCKET", "/nonexistent", 1)
            setenv("WATCHDOG_USEC", "3000000", 1)
            setenv("WATCHDOG_PID", String(getpid()), 1)
            #expect(ServiceNotifier().watchdogInterval == .seconds(3))
            setenv("WATCHDOG_PID", "1", 1)
            #expect(ServiceNotifier().watchdogInterval == nil)
        }
    }

    @Test func socketsOfASocketUnitAreFoundByName() async {
        await #expect(processExitsWith: .success) {
            let null = open("/dev/null", O_RDONLY)
            for number in Int32(3)...4 where number != null { #expect(dup2(null, number) == number) }
            setenv("LISTEN_PID", String(getpid()), 1)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_FDNAMES", "qmp:metrics", 1)
            let found = try listenDescriptors()
            #expect(found == [ListenDescriptor(name: "qmp", number: 3), ListenDescriptor(name: "metrics", number: 4)])
        }
    }

    @Test func withoutASocketUnitThereAreNoSockets() async {
        await #expect(processExitsWith: .success) {
            unsetenv("LISTEN_FDS")
            let found = try listenDescriptors()
            #expect(found.isEmpty)
        }
    }
}

@Suite struct WatchingRunLoops {
    private let clock = HandClock()
    private let pets = Count()
    private let reports = Reports()

    final class Count: Sendable {
        private let value = Atomic<Int>(0)
        func add() { value.wrappingAdd(1, ordering: .relaxed) }
        func take() -> Int { value.exchange(0, ordering: .relaxed) }
    }

    final class Reports: Sendable {
        private let lists = Mutex<[[String]]>([])
        func add(_ names: [String]) { lists.withLock { $0.append(names) } }
        var all: [[String]] { lists.withLock { $0 } }
    }

    private func watchdog() -> Watchdog {
        Watchdog(
            interval: .seconds(4), clock: clock, pet: { [pets] in pets.add() },
            report: { [reports] in reports.add($0) })
    }

    @Test func petsWhileEveryLoopTurns() {
        let watchdog = watchdog()
        let (first, second) = (watchdog.register("a"), watchdog.register("b"))
        for _ in 0..<5 {
            clock.advance(.seconds(1))
            first.tick()
            second.tick()
            watchdog.look()
            #expect(pets.take() == 1)
        }
        #expect(reports.all == [])
    }

    @Test func oneLoopThatStandsStillStopsThePettingAndIsNamedOnce() {
        let watchdog = watchdog()
        let (first, second) = (watchdog.register("a"), watchdog.register("b"))
        for _ in 0..<4 {
            clock.advance(.seconds(1))
            first.tick()
            watchdog.look()
        }
        #expect(pets.take() == 2)
        #expect(reports.all == [["b"]])
        second.tick()
        watchdog.look()
        #expect(pets.take() == 1)
        #expect(reports.all == [["b"], []])
    }

    @Test func anIdleLoopThatAnswersIsAlive() {
        let watchdog = watchdog()
        _ = watchdog.register("idle") { $0.tick() }
        for _ in 0..<8 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(pets.take() == 8)
    }

    @Test func anIdleLoopThatIsAskedAndDoesNotAnswerIsHanging() {
        let watchdog = watchdog()
        let asked = Count()
        _ = watchdog.register("stuck") { _ in asked.add() }
        for _ in 0..<4 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(asked.take() == 4)
        #expect(pets.take() == 2)
        #expect(reports.all == [["stuck"]])
    }

    @Test func aLoopThatHasLeftIsNotMissed() {
        let watchdog = watchdog()
        let loop = watchdog.register("a")
        loop.leave()
        for _ in 0..<5 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(pets.take() == 5)
    }

    @Test func loopsAreExcusedWhileTheProcessBeginsButNotForEver() {
        let (watchdog, notes) = (watchdog(), Count())
        watchdog.excuse(for: .seconds(10)) { notes.add() }
        _ = watchdog.register("a")
        for _ in 0..<9 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(pets.take() == 9)
        #expect(notes.take() == 9)
        for _ in 0..<9 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(pets.take() == 0)
        #expect(reports.all == [["a"]])
    }

    @Test func loopsThatBeginNowHaveTurnedNow() {
        let watchdog = watchdog()
        let loop = watchdog.register("a")
        watchdog.excuse(for: .seconds(100))
        for _ in 0..<20 {
            clock.advance(.seconds(1))
            watchdog.look()
        }
        #expect(pets.take() == 20)
        watchdog.endExcuse()
        clock.advance(.seconds(1))
        watchdog.look()
        #expect(pets.take() == 1)
        clock.advance(.seconds(2))
        watchdog.look()
        #expect(pets.take() == 0)
        loop.leave()
    }

    @Test func loopsGetAFreshChanceAfterTheWholeProcessStoodStill() {
        let watchdog = watchdog()
        let loop = watchdog.register("a")
        clock.advance(.seconds(60))
        watchdog.look()
        #expect(pets.take() == 0)
        loop.tick()
        clock.advance(.seconds(1))
        watchdog.look()
        #expect(pets.take() == 1)
        #expect(reports.all == [])
    }

    @Test func theThreadLooksUntilItIsStopped() throws {
        let (signal, watchdog) = (DispatchSemaphore(value: 0), Pets())
        let running = Watchdog(
            interval: .milliseconds(40), clock: HandClock(),
            pet: {
                watchdog.add()
                signal.signal()
            }, report: { _ in })
        try running.start()
        #expect(signal.wait(timeout: .now() + 10) == .success)
        running.stop()
        #expect(watchdog.take() >= 1)
    }

    typealias Pets = Count
}
