import ByteCoding
import Environment
import Foundation
import MachineModel
import Synchronization
import SystemCalls
import Testing

@testable import PlatformDevices

/// A clock that stands until it is set.
final class SetClock: WallClock {
    private let time: Mutex<UInt64>
    init(_ time: UInt64) { self.time = Mutex(time) }
    func set(_ value: UInt64) { time.withLock { $0 = value } }
    func sinceEpoch() -> Nanoseconds { Nanoseconds(time.withLock { $0 }) }
}

@Suite struct GoldfishRTCTests {
    /// When the clock asked to be looked at again, the last wish last.
    final class Wishes: @unchecked Sendable { var all: [Nanoseconds?] = [] }

    /// 2025-11-26 21:44:00.123456789 UTC.
    static let now: UInt64 = 1_764_193_440_123_456_789
    static let second: UInt64 = 1_000_000_000
    let wire = Wire()
    let host = SetClock(Self.now)
    let wishes = Wishes()
    let rtc: GoldfishRTC

    init() {
        let wishes = wishes
        rtc = GoldfishRTC(base: 0x10_1000, line: wire.line, clock: host) { wishes.all.append($0) }
    }

    func write(_ register: UInt64, _ value: UInt64) { rtc.store(offset: register, width: 4, value: value) }
    func read(_ register: UInt64) -> UInt64 { rtc.load(offset: register, width: 4) }
    /// What a driver reads.
    var time: UInt64 { read(0x00) | read(0x04) << 32 }

    /// Sets the alarm as Linux does.
    func setAlarm(_ time: UInt64) {
        write(0x0c, time >> 32)
        write(0x08, time & 0xffff_ffff)
        write(0x10, 1)
    }

    @Test func theGuestReadsTheHostsTime() {
        #expect(time == Self.now)
        host.set(Self.now + 90 * Self.second)
        #expect(time == Self.now + 90 * Self.second)
    }

    @Test func theHighWordIsThatOfTheLowWordReadBefore() {
        host.set(0x5_ffff_ffff)
        #expect(read(0x00) == 0xffff_ffff)
        host.set(0x6_0000_0001)
        #expect(read(0x04) == 5)
        #expect(time == 0x6_0000_0001)
    }

    @Test func aTimeThatTheGuestSetsGoesOnFromThere() {
        for time: UInt64 in [86_400 * Self.second, 4_102_444_800 * Self.second + 7, 0] {
            write(0x04, time >> 32)
            write(0x00, time & 0xffff_ffff)
            #expect(self.time == time)
            host.set(host.sinceEpoch().count + Self.second)
            #expect(self.time == time + Self.second)
        }
    }

    @Test func anAlarmInterruptsWhenItsTimeHasComeAndNotBefore() {
        setAlarm(Self.now + 2 * Self.second)
        #expect(read(0x18) == 1)
        #expect(wishes.all.last == GoldfishRTC.longestWait)
        host.set(Self.now + 2 * Self.second - 1)
        rtc.raiseDueAlarm()
        #expect(!wire.isHigh)
        #expect(wishes.all.last == Nanoseconds(1))
        host.set(Self.now + 2 * Self.second)
        rtc.raiseDueAlarm()
        #expect(wire.isHigh)
        #expect(read(0x18) == 0)
        #expect(wishes.all.last == .some(nil))
        write(0x1c, 1)
        #expect(!wire.isHigh)
        rtc.raiseDueAlarm()
        #expect(!wire.isHigh)
    }

    @Test func anAlarmInThePastComesAtOnceAndAMaskedOneWhenItIsLetThrough() {
        write(0x0c, (Self.now - 1) >> 32)
        write(0x08, (Self.now - 1) & 0xffff_ffff)
        #expect(!wire.isHigh)
        write(0x10, 1)
        #expect(wire.isHigh)
        write(0x10, 0)
        #expect(!wire.isHigh)
    }

    @Test func anAlarmThatIsTakenBackNeverComes() {
        setAlarm(Self.now + Self.second)
        write(0x14, 1)
        #expect(read(0x18) == 0)
        #expect(wishes.all.last == .some(nil))
        host.set(Self.now + 5 * Self.second)
        rtc.raiseDueAlarm()
        #expect(!wire.isHigh)
    }

    @Test func aClockThatIsSetPastItsAlarmRaisesIt() {
        setAlarm(Self.now + 3600 * Self.second)
        let later = Self.now + 7200 * Self.second
        write(0x04, later >> 32)
        write(0x00, later & 0xffff_ffff)
        #expect(wire.isHigh)
    }

    @Test func theSurvivorsClockIsShiftedAsTheGuestHadSetIt() throws {
        let set = Self.now - 3600 * Self.second
        write(0x04, set >> 32)
        write(0x00, set & 0xffff_ffff)
        setAlarm(set + 10 * Self.second)
        let survivor = GoldfishRTCTests()
        survivor.host.set(Self.now + 11 * Self.second)
        try move(rtc, to: survivor.rtc)
        #expect(survivor.read(0x04) == read(0x04))
        #expect(survivor.time == set + 11 * Self.second)
        // The alarm came due on the way; it is raised once the machine runs.
        #expect(survivor.wishes.all == [.zero])
        #expect(!survivor.wire.isHigh)
        survivor.rtc.raiseDueAlarm()
        #expect(survivor.wire.isHigh)
        expectEveryCutStateToBeRefused(rtc)
    }

    @Test func aResetTakesTheAlarmBackAndKeepsTheTime() {
        write(0x04, 1)
        write(0x00, 2)
        write(0x0c, 0)
        write(0x08, 0)
        write(0x10, 1)
        #expect(wire.isHigh)
        rtc.resetToPowerOn()
        #expect(!wire.isHigh)
        #expect(time == 0x1_0000_0002)
        for register: UInt64 in [0x08, 0x0c, 0x10, 0x18] { #expect(read(register) == 0) }
    }

    @Test func otherWidthsAndOffsetsReadZeroAndChangeNothing() {
        for (offset, width): (UInt64, Int) in [(0, 8), (0, 1), (4, 2), (2, 4), (0x20, 4), (0xffc, 4)] {
            rtc.store(offset: offset, width: width, value: 1)
            #expect(rtc.load(offset: offset, width: width) == 0)
        }
        #expect(time == Self.now)
    }
}

@Suite struct DeviceTimerTests {
    private let count = ThreadGate<Int>(0)
    private let lock = MachineLock()
    private let timer: DeviceTimer

    init() {
        timer = DeviceTimer(name: "test-timer", lock: lock) { _ in }
        timer.onDue { [count] in count.withLock { $0 += 1 } }
    }

    private func wait(for wanted: Int) -> Int? {
        count.wait(until: SystemClock().now() + .seconds(20)) { $0 >= wanted ? $0 : nil }
    }

    @Test func aTimerGoesOffOnceEachTimeItIsSet() {
        timer.set(after: .milliseconds(1))
        #expect(wait(for: 1) == 1)
        timer.set(after: .zero)
        #expect(wait(for: 2) == 2)
        timer.set(after: .seconds(3600))
        timer.set(after: .milliseconds(1))
        #expect(wait(for: 3) == 3)
        timer.stop()
        #expect(wait(for: 3) == 3)
    }

    @Test func aTimerWaitsUntilTheMachineRunsAndIsForgottenIfItIsTakenBackBefore() {
        lock.freeze()
        timer.set(after: .zero)
        timer.set(after: nil)
        timer.set(after: .milliseconds(1))
        #expect(count.withLock { $0 } == 0)
        lock.thaw()
        #expect(wait(for: 1) == 1)
        timer.stop()
        #expect(wait(for: 1) == 1)
    }

    @Test func aTimerOfAMachineThatStandsByRestsUntilTheGuestRunsHere() throws {
        lock.detach()
        timer.set(after: .zero)
        #expect(rests("test-timer"))
        #expect(count.withLock { $0 } == 0)
        lock.thaw()
        #expect(wait(for: 1) == 1)
        timer.stop()
    }

    @Test func aTimerOfAMachineThatHasEndedNeverGoesOffAndItsThreadIsGone() throws {
        lock.close()
        timer.set(after: .zero)
        timer.stop()
        #expect(count.withLock { $0 } == 0)
        let ended = ThreadGate(false)
        do {
            let timer = DeviceTimer(name: "other-timer", lock: lock) { _ in }
            let mark = Mark { ended.withLock { $0 = true } }
            timer.onDue { mark.use() }
            timer.set(after: .zero)
        }
        // What the thread held is gone, although nobody has stopped the timer.
        #expect(ended.wait(until: SystemClock().now() + .seconds(20)) { $0 ? true : nil } == true)
    }

    private final class Mark: Sendable {
        private let onEnd: @Sendable () -> Void
        init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
        func use() {}
        deinit { onEnd() }
    }

    /// Whether the thread of that name sleeps each of many times that one looks: one that tries over and over does not.
    private func rests(_ name: String) -> Bool {
        let end = SystemClock().now() + .seconds(20)
        var sleeping = 0
        while sleeping < 100, SystemClock().now() < end {
            _ = ThreadGate(()).wait(until: SystemClock().now() + .milliseconds(1)) { _ in nil as Int? }
            sleeping = state(of: name) == "S" ? sleeping + 1 : 0
        }
        return sleeping == 100
    }

    /// The state of this process's thread of that name, as proc_pid_stat(5) tells it.
    private func state(of name: String) -> Character? {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        let lines = tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/stat", encoding: .utf8) }
        return lines.first { $0.contains("(\(name))") }?.split(separator: ")").last?.first { $0 != " " }
    }

    @Test func aTimerThatWasNeverSetEnds() { timer.stop() }
}
