import Testing

@testable import MigrationCore

struct DataChannelBarrierTests {
    private func waiting(_ barrier: DataChannelBarrier, _ channels: Int) -> [Int] {
        (0..<channels).filter { !barrier.mayGoOn(channel: $0) }
    }

    @Test func withoutDataChannelsNothingWaits() {
        var barrier = DataChannelBarrier(channels: 0)
        for _ in 0..<3 {
            #expect(barrier.mainMayGoOn && barrier.mayEndPart)
            barrier.endOfPart()
        }
        #expect(barrier.passedParts == 3)
        #expect(barrier.lostChannel == nil)
    }

    @Test func theMainChannelWaitsForEverySync() {
        var barrier = DataChannelBarrier(channels: 2)
        barrier.endOfPart()
        #expect(!barrier.mainMayGoOn)
        #expect(waiting(barrier, 2) == [], "what belongs to the part is taken after its end, too")
        barrier.synced(channel: 1)
        #expect(!barrier.mainMayGoOn)
        #expect(waiting(barrier, 2) == [1])
        barrier.synced(channel: 0)
        #expect(barrier.mainMayGoOn)
        #expect(waiting(barrier, 2) == [])
    }

    /// A channel that is ahead would bring newer pages before older ones have come on another.
    @Test func aChannelWaitsForTheEndOfThePartAndForTheOthers() {
        var barrier = DataChannelBarrier(channels: 3)
        barrier.synced(channel: 0)
        #expect(waiting(barrier, 3) == [0])
        #expect(barrier.mainMayGoOn, "the rest of the part is still to be read")
        barrier.synced(channel: 2)
        barrier.endOfPart()
        #expect(waiting(barrier, 3) == [0, 2], "channel 1 may still bring older pages")
        barrier.synced(channel: 1)
        #expect(waiting(barrier, 3) == [])
        #expect(barrier.passedParts == 1)
    }

    @Test func aPartIsEndedOnceEverySyncHasLeft() {
        var barrier = DataChannelBarrier(channels: 2)
        for part in 0..<3 {
            #expect(!barrier.mayEndPart)
            barrier.synced(channel: part & 1)
            #expect(!barrier.mayEndPart)
            barrier.synced(channel: 1 - part & 1)
            #expect(barrier.mayEndPart)
            barrier.endOfPart()
        }
        #expect(barrier.passedParts == 3)
    }

    @Test func aChannelThatEndsIsMissedOnlyWhereItsSyncIs() {
        var barrier = DataChannelBarrier(channels: 2)
        for channel in 0..<2 { barrier.synced(channel: channel) }
        barrier.endOfPart()
        barrier.ended(channel: 1)
        #expect(barrier.lostChannel == nil, "after the last part channels end")
        barrier.synced(channel: 0)
        barrier.endOfPart()
        #expect(barrier.lostChannel == 1)
        #expect(!barrier.mainMayGoOn)
    }
}
