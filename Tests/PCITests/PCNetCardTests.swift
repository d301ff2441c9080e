import GuestMemory
import MachineModel
import PacketPath
import Testing

@testable import PCI

struct PCNetCardTests {
    private let bench: PCIBench

    init() throws {
        bench = try PCIBench()
        bench.port.insertCard()
    }

    @Test func aDriverFindsAChipThatItKnows() {
        bench.enable()
        _ = bench.ports.load(offset: PCIBench.portBase + 0x14, width: 2)
        #expect(bench.readRegister(0) == 4)
        #expect(bench.readRegister(88) == 0x1003)
        #expect(bench.readRegister(89) == 0x0262)
        #expect((12...14).map { bench.readRegister($0) } == [0x5452, 0x0100, 0x0302])
        #expect(bench.ports.load(offset: PCIBench.portBase + 14, width: 2) == 0x5757)
        bench.ports.store(offset: PCIBench.portBase + 0x12, width: 2, value: 4)
        #expect(bench.ports.load(offset: PCIBench.portBase + 0x16, width: 2) == 0x80c0, "the link is up")
    }

    @Test func initializationTakesWhatIsInMemory() {
        bench.startDriver()
        // IDON, INTR, IENA, RXON, TXON, STRT, INIT.
        #expect(bench.readRegister(0) == 0x01f3)
        #expect(bench.wire.isHigh)
        #expect(bench.startCount == 1)
        bench.writeRegister(0, 0x0140)
        #expect(bench.readRegister(0) == 0x0073)
        #expect(!bench.wire.isHigh)
    }

    @Test func aBlockOutsideMemoryIsAMemoryError() {
        bench.enable()
        bench.ports.store(offset: PCIBench.portBase + 0x12, width: 2, value: 20)
        bench.ports.store(offset: PCIBench.portBase + 0x16, width: 2, value: 2)
        bench.writeRegister(1, 0xfff0)
        bench.writeRegister(2, 0xffff)
        bench.writeRegister(0, 1)
        #expect(bench.readRegister(0) & 0x8900 == 0x8800)
    }

    @Test func aFrameLeavesAndItsDescriptorComesBack() {
        bench.startDriver()
        bench.ready(0, PCIBench.frame(100))
        bench.demand()
        #expect(bench.network.sent == [PCIBench.frame(100)])
        #expect(bench.flags(ofTransmit: 0) == 0x0300)
        #expect(bench.readRegister(0) & 0x0200 != 0)
    }

    @Test func aFrameInTwoBuffersLeavesAsOneAlsoWhenTheSecondComesLater() {
        bench.startDriver()
        bench.ready(0, PCIBench.frame(20), flags: 0x8200)
        bench.demand()
        #expect(bench.network.sent.isEmpty)
        bench.ready(1, [1, 2, 3], flags: 0x8100)
        bench.demand()
        #expect(bench.network.sent == [PCIBench.frame(20) + [1, 2, 3]])
    }

    @Test func aFrameTooShortOrTooLongIsDropped() {
        bench.startDriver()
        bench.ready(0, PCIBench.frame(13))
        bench.ready(1, PCIBench.frame(1519))
        bench.demand()
        #expect(bench.network.sent.isEmpty)
        #expect(bench.flags(ofTransmit: 0) == 0x0300 && bench.flags(ofTransmit: 1) == 0x0300)
    }

    @Test func aBufferOutsideMemoryIsAMemoryError() {
        bench.startDriver()
        bench.ready(0, PCIBench.frame(100))
        bench.memory.store(PCIBench.transmitRing, UInt32(0x1000))
        bench.demand()
        #expect(bench.network.sent.isEmpty)
        #expect(bench.readRegister(0) & 0x0800 != 0)
    }

    @Test func aReceivedFrameIsPaddedAndCountedWithItsChecksum() {
        bench.startDriver()
        bench.offer(0)
        bench.network.deliver(PCIBench.frame(40))
        #expect(bench.flags(ofReceive: 0) == 0x0300)
        #expect(bench.memory.load(PCIBench.receiveRing + 8) == UInt32(64))
        #expect(
            bench.memory.read(PCIBench.receiveBuffer(0), count: 64) == PCIBench.frame(40)
                + [UInt8](repeating: 0, count: 24))
        #expect(bench.wire.isHigh)
    }

    @Test func onlyFramesForTheCardAreTaken() {
        bench.startDriver()
        bench.offer(0)
        bench.network.deliver(PCIBench.frame(60, to: [0x52, 0x54, 0, 9, 9, 9]))
        #expect(bench.flags(ofReceive: 0) == 0x8000)
        bench.network.deliver(PCIBench.frame(60, to: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
        #expect(bench.flags(ofReceive: 0) == 0x0300)
    }

    @Test func aPromiscuousCardTakesAll() {
        bench.startDriver(mode: 0x8000)
        bench.offer(0)
        bench.network.deliver(PCIBench.frame(60, to: [0x52, 0x54, 0, 9, 9, 9]))
        #expect(bench.flags(ofReceive: 0) == 0x0300)
    }

    @Test func aFrameWithoutABufferIsMissed() {
        bench.startDriver()
        bench.network.deliver(PCIBench.frame(60))
        #expect(bench.card.droppedFrames == 1)
        #expect(bench.readRegister(112) == 1)
        #expect(bench.readRegister(0) & 0x1000 != 0)
    }

    @Test func aStoppedCardTakesNothingAndIsQuiet() {
        bench.startDriver()
        bench.offer(0)
        bench.writeRegister(0, 4)
        #expect(!bench.card.isReceiving && !bench.wire.isHigh)
        bench.network.deliver(PCIBench.frame(60))
        #expect(bench.flags(ofReceive: 0) == 0x8000)
    }

    @Test func aCardThatLostItsPowerBeginsAnew() {
        bench.startDriver()
        bench.write(PCIBench.portPlace, 0x58, 0x0400, width: 2)
        #expect(!bench.card.isReceiving && !bench.wire.isHigh)
        bench.write(PCIBench.portPlace, 0x58, 0x0000, width: 2)
        #expect(bench.read(PCIBench.cardPlace, 0x10) == 1)
    }

    @Test func withoutMasteringTheBusItTouchesNoMemory() {
        bench.startDriver()
        bench.write(PCIBench.cardPlace, 0x04, 1, width: 2)
        bench.ready(0, PCIBench.frame(100))
        bench.demand()
        #expect(bench.network.sent.isEmpty && !bench.card.isReceiving)
    }

    /// As a kernel does that boots another one: the driver is gone, and its buffers are somebody else's memory.
    @Test func aFrameThatComesAfterTheBusWasTakenAwayIsWrittenNowhere() {
        bench.startDriver()
        bench.offer(0)
        bench.write(PCIBench.cardPlace, 0x04, 1, width: 2)
        bench.network.deliver(PCIBench.frame(100))
        #expect(bench.flags(ofReceive: 0) == 0x8000)
        bench.write(PCIBench.cardPlace, 0x04, 5, width: 2)
        bench.network.deliver(PCIBench.frame(100))
        #expect(bench.flags(ofReceive: 0).map { $0 & 0x8000 } == 0)
    }
}
