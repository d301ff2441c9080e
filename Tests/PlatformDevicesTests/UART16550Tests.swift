import ByteCoding
import MachineModel
import Testing

@testable import PlatformDevices

/// An interrupt controller that only remembers the level.
final class Wire: InterruptController, @unchecked Sendable {
    var isHigh = false
    func setLevel(source: Int, _ high: Bool) { isHigh = high }
    var line: InterruptLine { InterruptLine(controller: self, source: 10) }
}

@Suite struct UART16550Tests {
    final class Output: @unchecked Sendable { var bytes: [UInt8] = [] }
    let wire = Wire()
    let output = Output()
    let uart: UART16550

    init() {
        let output = output
        uart = UART16550(base: 0x1000_0000, line: wire.line) { output.bytes.append($0) }
    }

    func write(_ register: UInt64, _ value: UInt64) { uart.store(offset: register, width: 1, value: value) }
    func read(_ register: UInt64) -> UInt64 { uart.load(offset: register, width: 1) }

    @Test func whatTheGuestSendsComesOutInOrderAndTheTransmitterIsReadyAtOnce() {
        for byte in Array("hello".utf8) {
            #expect(read(5) & 0x60 == 0x60)
            write(0, UInt64(byte))
        }
        #expect(output.bytes == Array("hello".utf8))
    }

    @Test func inputInterruptsUntilItIsRead() {
        write(1, 1)
        #expect(uart.receive([65, 66]) == 2)
        #expect(wire.isHigh)
        #expect(read(2) == 4)
        #expect(read(5) & 1 == 1)
        #expect([read(0), read(0)] == [65, 66])
        #expect(!wire.isHigh)
        #expect(read(2) == 1)
        #expect(read(5) & 1 == 0)
    }

    @Test func theEmptyTransmitterInterruptsOnceUntilItsIdentityIsRead() {
        write(1, 2)
        #expect(wire.isHigh)
        #expect(read(2) == 2)
        #expect(!wire.isHigh)
        write(0, 88)
        #expect(wire.isHigh)
        #expect(read(2) == 2)
        write(1, 0)
        write(1, 2)
        #expect(wire.isHigh)
    }

    @Test func inputBeyondTheLimitIsDroppedWithAnOverrunMark() {
        write(1, 4)
        #expect(uart.receive([UInt8](repeating: 7, count: 2000)) == UART16550.receiveLimit)
        #expect(wire.isHigh)
        #expect(read(2) == 6)
        #expect(read(5) & 2 == 2)
        #expect(read(5) & 2 == 0)
        var count = 0
        while read(5) & 1 == 1 {
            #expect(read(0) == 7)
            count += 1
        }
        #expect(count == UART16550.receiveLimit)
    }

    @Test func theDivisorIsReachedThroughItsLatchOnly() {
        write(3, 0x83)
        write(0, 0x34)
        write(1, 0x12)
        #expect([read(0), read(1)] == [0x34, 0x12])
        write(3, 0x03)
        #expect(read(1) == 0)
        #expect(output.bytes.isEmpty)
    }

    @Test func loopbackBringsModemOutputsAndBytesBack() {
        write(4, 0x1f)
        #expect(read(6) == 0xf0)
        write(4, 0x1a)
        #expect(read(6) == 0x90)
        write(0, 42)
        #expect(output.bytes.isEmpty)
        #expect(read(0) == 42)
    }

    @Test func theFIFOIsReportedWhileOnAndClearedOnRequest() {
        write(2, 1)
        #expect(read(2) & 0xc0 == 0xc0)
        uart.receive([1, 2, 3])
        write(2, 3)
        #expect(read(5) & 1 == 0)
        write(2, 0)
        #expect(read(2) & 0xc0 == 0)
    }

    @Test func unreadInputAndRegistersMoveWithTheState() throws {
        write(1, 3)
        write(7, 0x5a)
        uart.receive([1, 2])
        let target = UART16550Tests()
        try move(uart, to: target.uart)
        #expect(target.read(7) == 0x5a)
        #expect([target.read(0), target.read(0)] == [1, 2])
        #expect(target.read(2) == 2)
        expectEveryCutStateToBeRefused(uart)
    }

    @Test func aStateWithMoreInputThanFitsIsRefused() {
        var writer = ByteWriter()
        uart.saveState(to: &writer)
        var bad = writer.bytes
        bad[bad.count - 2] = 0xff
        var reader = ByteReader(bad + [UInt8](repeating: 0, count: 70000))
        #expect(throws: DeviceStateError.self) { try uart.prepareLoad(version: 1, from: &reader) }
    }
}
