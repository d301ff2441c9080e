import Environment
import Foundation
import Glibc
import Testing

@testable import SystemCalls

/// Whether the number is an open descriptor of this process.
private func isOpen(_ number: Int32) -> Bool { dup2(number, number) == number }

/// A descriptor number that no other test of this process uses by accident.
private func highDescriptor(_ wanted: Int32) throws -> Int32 {
    let null = try Descriptor.open("/dev/null", flags: O_RDWR)
    let number = dup2(null.number, wanted)
    try #require(number == wanted)
    return number
}

@Suite struct OwningDescriptors {
    @Test func theEndOfTheOwnerClosesTheDescriptor() throws {
        let number = try highDescriptor(811)
        do {
            let owner = Descriptor(owning: number)
            #expect(isOpen(owner.number))
        }
        #expect(!isOpen(number))
    }

    @Test func aReleasedDescriptorStaysOpen() throws {
        let number = try highDescriptor(812)
        let owner = Descriptor(owning: number)
        #expect(owner.release() == number)
        #expect(isOpen(number))
        close(number)
    }

    @Test func aDuplicateOutlivesTheOriginal() throws {
        let original = Descriptor(owning: try highDescriptor(813))
        let copy = try original.duplicate()
        let first = original.release()
        close(first)
        #expect(!isOpen(813))
        #expect(isOpen(copy.number))
        #expect(fcntl(copy.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func openingNamesTheCallAndThePath() {
        #expect {
            _ = try Descriptor.open("/nonexistent/file", flags: O_RDONLY)
        } throws: { error in
            (error as? SystemError)?.description == "open /nonexistent/file: No such file or directory"
        }
    }

    @Test func openedDescriptorsDoNotReachChildren() throws {
        let file = try Descriptor.open("/dev/null", flags: O_RDONLY)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func nonBlockingCanBeSwitched() throws {
        let file = try Descriptor.open("/dev/null", flags: O_RDONLY)
        try file.setNonBlocking(true)
        #expect(fcntl(file.number, F_GETFL) & O_NONBLOCK != 0)
        try file.setNonBlocking(false)
        #expect(fcntl(file.number, F_GETFL) & O_NONBLOCK == 0)
    }
}

@Suite struct Signalling {
    @Test func aSignalIsRaisedUntilItIsLowered() throws {
        let signal = try EventSignal()
        #expect(!isReadable(signal.descriptor))
        signal.raise()
        signal.raise()
        #expect(isReadable(signal.descriptor))
        #expect(signal.lower())
        #expect(!isReadable(signal.descriptor))
        #expect(!signal.lower())
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }
}

@Suite struct Mapping {
    @Test func mappedMemoryIsZeroInWholePagesAndCanBeDiscarded() throws {
        let mapping = try MemoryMapping(count: 5000, prefault: true)
        #expect(mapping.count % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
        #expect(mapping.count >= 5000)
        #expect(mapping.base.load(fromByteOffset: 4999, as: UInt8.self) == 0)
        mapping.base.storeBytes(of: 7, toByteOffset: 100, as: UInt8.self)
        mapping.discard(offset: 0, count: 4096)
        #expect(mapping.base.load(fromByteOffset: 100, as: UInt8.self) == 0)
    }

    @Test func memoryThatCannotBeMappedIsAnError() {
        #expect(throws: SystemError.self) { try MemoryMapping(count: 1 << 60) }
    }
}

@Suite struct RunningThreads {
    @Test func aThreadRunsItsBodyUnderItsNameAndCanBeJoined() throws {
        let gate = ThreadGate("")
        let thread = try Thread(name: "colod-test-thread-long-name") {
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            gate.withLock { $0 = name ?? "" }
        }
        thread.join()
        #expect(gate.withLock { $0 } == "colod-test-thre\n")
        thread.join()
    }

    @Test func aThreadNobodyKeepsStillRunsToItsEnd() throws {
        let gate = ThreadGate(false)
        _ = try Thread(name: "detached") { gate.withLock { $0 = true } }
        let deadline = SystemClock().now() + .seconds(20)
        #expect(gate.wait(until: deadline) { $0 ? true : nil } == true)
    }
}

@Suite struct WaitingAtGates {
    @Test func aWaiterGetsWhatThePredicateFound() throws {
        let gate = ThreadGate<Int?>(nil)
        let thread = try Thread(name: "giver") { gate.withLock { $0 = 42 } }
        let found = gate.wait(until: SystemClock().now() + .seconds(20)) { value in
            defer { value = nil }
            return value
        }
        thread.join()
        #expect(found == 42)
        #expect(gate.withLock { $0 } == nil)
    }

    @Test func aDeadlineThatHasPassedLooksOnceAndGivesUp() {
        let gate = ThreadGate(1)
        var looks = 0
        #expect(
            gate.wait(until: .zero) { _ -> Int? in
                looks += 1
                return nil
            } == nil)
        #expect(looks >= 1)
        #expect(gate.wait(until: .zero) { $0 } == 1)
    }

    @Test func aDeadlineIsKeptWhenNobodyComes() {
        let deadline = SystemClock().now() + .milliseconds(20)
        #expect(ThreadGate(0).wait(until: deadline) { _ -> Int? in nil } == nil)
        #expect(SystemClock().now() >= deadline)
    }

    @Test func everyWaiterIsWoken() throws {
        let gate = ThreadGate((open: false, through: 0))
        let threads = try (0..<4).map { index in
            try Thread(name: "waiter\(index)") {
                _ = gate.wait(until: SystemClock().now() + .seconds(20)) { $0.open ? true : nil }
                gate.withLock { $0.through += 1 }
            }
        }
        gate.withLock { $0.open = true }
        for thread in threads { thread.join() }
        #expect(gate.withLock { $0.through } == 4)
    }

    @Test func anErrorOfTheBodyComesOutAndFreesTheLock() {
        let gate = ThreadGate(0)
        #expect(throws: SystemError.self) {
            try gate.withLock { (_: inout Int) throws(SystemError) in throw SystemError.timedOut("test") }
        }
        #expect(gate.withLock { $0 } == 0)
    }

    @Test func noCountIsLostBetweenThreads() throws {
        let gate = ThreadGate(0)
        let threads = try (0..<4).map { index in
            try Thread(name: "adder\(index)") { for _ in 0..<1000 { gate.withLock { $0 += 1 } } }
        }
        for thread in threads { thread.join() }
        #expect(gate.withLock { $0 } == 4000)
    }
}

@Suite struct TellingTime {
    @Test func theClockNeverGoesBack() {
        let clock = SystemClock()
        var last = clock.now()
        for _ in 0..<1000 {
            let now = clock.now()
            #expect(now >= last)
            last = now
        }
    }

    @Test func spansNeverWrapAround() {
        #expect(Nanoseconds.never + .seconds(1) == .never)
        #expect(Nanoseconds.zero - .seconds(1) == .zero)
        #expect(Nanoseconds.seconds(2) - .milliseconds(500) == .milliseconds(1500))
        #expect(Nanoseconds.milliseconds(1500).description == "1500.0 ms")
    }

    @Test func oneSeedGivesOneSequence() {
        var (first, second, other) = (
            SeededGenerator(seed: 1), SeededGenerator(seed: 1), SeededGenerator(seed: 2)
        )
        let values = (0..<8).map { _ in first.next() }
        let (same, different) = ((0..<8).map { _ in second.next() }, (0..<8).map { _ in other.next() })
        #expect(values == same)
        #expect(values != different)
        let (never, always) = (first.chance(0, in: 10), first.chance(10, in: 10))
        #expect(!never && always)
    }
}
