import MachineModel
import Testing

@testable import Virtio

/// The feature VIRTIO_NET_F_STANDBY, and who hears whether a driver took it.
struct VirtioStandbyTests {
    private final class Word: @unchecked Sendable { var said: [Bool] = [] }
    private static let version: UInt64 = 1 << 32
    private static let standby: UInt64 = 1 << 62

    private static func bench(isStandby: Bool) throws -> (Driver, Word) {
        let card = VirtioNetwork(
            mac: [2, 0, 0, 0, 0, 1], backend: LoopCable(), lock: MachineLock(), isStandby: isStandby)
        let word = Word()
        card.onAcceptance { word.said.append($0) }
        return (try Driver(card), word)
    }

    private static func negotiate(_ driver: Driver, _ features: UInt64) {
        driver.write(0x70, 3)
        for select in 0..<2 as Range<UInt32> {
            driver.write(0x24, select)
            driver.write(0x20, UInt32(truncatingIfNeeded: features >> UInt64(32 * select)))
        }
        driver.write(0x70, 11)
        driver.write(0x70, 15)
    }

    @Test func onlyAStandbyCardOffersItself() throws {
        #expect(try Self.bench(isStandby: true).0.transport.offeredFeatures & Self.standby != 0)
        #expect(try Self.bench(isStandby: false).0.transport.offeredFeatures & Self.standby == 0)
    }

    @Test func aDriverThatTakesTheFeatureIsToldOfOnceItServesTheCard() throws {
        let (driver, word) = try Self.bench(isStandby: true)
        Self.negotiate(driver, Self.version | Self.standby)
        #expect(word.said == [false, false, true])
        driver.write(0x70, 0)
        #expect(word.said.last == false)
    }

    @Test func aDriverThatLeavesTheFeatureDoesNotTakeTheCardAsOne() throws {
        let (driver, word) = try Self.bench(isStandby: true)
        Self.negotiate(driver, Self.version)
        #expect(driver.transport.isDriverReady)
        #expect(!word.said.contains(true))
    }
}
