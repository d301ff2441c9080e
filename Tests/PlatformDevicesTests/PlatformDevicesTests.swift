import ByteCoding
import Environment
import MachineModel
import Testing

@testable import PlatformDevices

/// Saves `device` and loads what it saved into `other`.
func move(_ device: some SavedDevice, to other: some SavedDevice) throws {
    var writer = ByteWriter()
    device.saveState(to: &writer)
    var reader = ByteReader(writer.bytes)
    let apply = try other.prepareLoad(version: other.identity.version, from: &reader)
    #expect(reader.isAtEnd)
    apply()
}

/// Checks that no prefix of the state of `device` is accepted.
func expectEveryCutStateToBeRefused(_ device: some SavedDevice) {
    var writer = ByteWriter()
    device.saveState(to: &writer)
    for count in 0..<writer.count {
        var reader = ByteReader(Array(writer.bytes.prefix(count)))
        #expect(throws: DeviceStateError.self, "\(count) of \(writer.count) bytes") {
            try device.prepareLoad(version: 1, from: &reader)
        }
    }
}

@Suite struct ACLINTTests {
    let harts = [InterruptInputs(), InterruptInputs()]
    let clock = GuestClock()
    var device: ACLINT { ACLINT(base: 0x200_0000, harts: harts, clock: clock) }

    @Test func aSoftwareInterruptReachesItsHartAlone() {
        device.store(offset: 4, width: 4, value: 0xffff_ffff)
        #expect(harts[1].levels == 1 << 3)
        #expect(harts[0].levels == 0)
        #expect(device.load(offset: 4, width: 4) == 1)
        device.store(offset: 4, width: 4, value: 0)
        #expect(harts[1].levels == 0)
    }

    @Test func theCompareRegisterIsWrittenWholeOrInHalves() {
        device.store(offset: 0x4008, width: 8, value: 0x1122_3344_5566_7788)
        #expect(harts[1].timerCompare == 0x1122_3344_5566_7788)
        device.store(offset: 0x400c, width: 4, value: 0xaabb_ccdd)
        #expect(harts[1].timerCompare == 0xaabb_ccdd_5566_7788)
        device.store(offset: 0x4008, width: 4, value: 1)
        #expect(harts[1].timerCompare == 0xaabb_ccdd_0000_0001)
        #expect(device.load(offset: 0x400c, width: 4) == 0xaabb_ccdd)
        #expect(harts[0].timerCompare == .max)
    }

    @Test func theTimeIsTheGuestClockInTicks() {
        clock.set(nanoseconds: 0x1_0000_0002 * 100)
        #expect(device.load(offset: 0xbff8, width: 8) == 0x1_0000_0002)
        #expect(device.load(offset: 0xbff8, width: 4) == 2)
        #expect(device.load(offset: 0xbffc, width: 4) == 1)
        device.store(offset: 0xbff8, width: 8, value: 0)
        #expect(device.load(offset: 0xbff8, width: 8) == 0x1_0000_0002)
    }

    @Test func registersOfHartsThatDoNotExistReadZeroAndIgnoreStores() {
        for offset: UInt64 in [8, 0x3ffc, 0x4010, 0xbff0, 0xc000, 0xfff8] {
            device.store(offset: offset, width: 4, value: 1)
            #expect(device.load(offset: offset, width: 4) == 0)
        }
    }

    @Test func timeTimersAndSoftwareInterruptsMoveWithTheState() throws {
        clock.set(nanoseconds: 777)
        device.store(offset: 0, width: 4, value: 1)
        device.store(offset: 0x4008, width: 8, value: 99)
        let target = ACLINTTests()
        target.device.store(offset: 4, width: 4, value: 1)
        try move(device, to: target.device)
        #expect(target.clock.nanoseconds == 777)
        #expect(target.harts[0].levels == 1 << 3)
        #expect(target.harts[1].levels == 0)
        #expect(target.harts[1].timerCompare == 99)
        expectEveryCutStateToBeRefused(device)
    }

    @Test func aStateOfAnotherNumberOfHartsIsRefused() {
        var writer = ByteWriter()
        device.saveState(to: &writer)
        var reader = ByteReader(writer.bytes)
        let smaller = ACLINT(base: 0, harts: [InterruptInputs()], clock: GuestClock())
        #expect(throws: DeviceStateError.invalid(field: "aclint.harts", value: "2")) {
            try smaller.prepareLoad(version: 1, from: &reader)
        }
    }
}

@Suite struct PowerControllerTests {
    final class Requests: @unchecked Sendable { var all: [GuestRequest] = [] }

    @Test func eachValueAsksForItsOwnAndOthersForNothing() {
        let requests = Requests()
        let device = PowerController(base: 0x10_0000) { requests.all.append($0) }
        for value: UInt64 in [0, 0x5555, 0x7777, 0x4444, 0x2_3333] { device.store(offset: 0, width: 4, value: value) }
        device.store(offset: 4, width: 4, value: 0x5555)
        #expect(requests.all == [.powerOff, .reset, .crashed("the guest reported failure code 2")])
        #expect(device.load(offset: 0, width: 4) == 0)
    }
}

@Suite struct GuestClockTests {
    @Test func aGuestThatIsOlderThanItsHostStillGetsItsTimers() {
        let clock = GuestClock()
        let year: UInt64 = 365 * 86_400 * 1_000_000_000
        clock.set(nanoseconds: 50 * year)
        clock.start()
        let deadline = clock.hostTime(ofTicks: clock.ticks + GuestClock.frequency)
        #expect(deadline < .never)
        #expect(clock.hostTime(ofTicks: 0) == .zero)
        #expect(clock.hostTime(ofTicks: .max) == .never)
    }
}

/// Whatever a guest does to registers, no device may trap.
@Suite struct RegisterFuzzTests {
    @Test(arguments: 0..<32) func noAccessBringsTheProcessDown(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let harts = [InterruptInputs(), InterruptInputs(), InterruptInputs()]
        let plic = PLIC(base: 0xc00_0000, harts: harts)
        let uart = UART16550(base: 0x1000_0000, line: InterruptLine(controller: plic, source: 10)) { _ in }
        let rtc = GoldfishRTC(
            base: 0x10_1000, line: InterruptLine(controller: plic, source: 9), clock: SetClock(random.next())
        ) { _ in }
        let devices: [any MemoryMappedDevice] = [
            plic, uart, rtc, ACLINT(base: 0x200_0000, harts: harts, clock: GuestClock()),
            PowerController(base: 0x10_0000) { _ in },
        ]
        for _ in 0..<20_000 {
            let device = devices[Int(random.next() % 5)]
            let size = device.range.upperBound - device.range.lowerBound
            let width = 1 << (random.next() % 4)
            let offset = (random.next() >> (random.next() % 64)) % (size - UInt64(width) + 1)
            if random.chance(1, in: 2) {
                device.store(offset: offset, width: width, value: random.next() >> (random.next() % 64))
            } else {
                _ = device.load(offset: offset, width: width)
            }
            if random.chance(1, in: 8) {
                plic.setLevel(source: Int(random.next() % 63) + 1, random.chance(1, in: 2))
                uart.receive([UInt8(truncatingIfNeeded: random.next())])
            }
        }
        // What came of it is a state that another machine accepts.
        let others = [InterruptInputs(), InterruptInputs(), InterruptInputs()]
        try move(plic, to: PLIC(base: 0, harts: others))
        #expect(others.map { $0.levels & ~8 } == harts.map { $0.levels & ~8 })
        let wire = Wire()
        try move(uart, to: UART16550(base: 0, line: wire.line) { _ in })
        try move(rtc, to: GoldfishRTC(base: 0, line: wire.line, clock: SetClock(0)) { _ in })
    }
}
