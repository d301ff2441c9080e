import Environment
import QAPI
import Testing

@testable import ColodKit

/// What the reply to `x-colod-drill` says.
@Suite struct DrillResultTests {
    @Test func theFirstFrameOfThisDrillIsTold() {
        let drill = ColodDrill(from: .seconds(5), to: .milliseconds(5_020), firstFrameAt: .milliseconds(5_012))
        #expect(drill.milliseconds == 20 && drill.takeoverMs == 12)
    }

    @Test(arguments: [nil, .zero, .milliseconds(4_999)] as [Nanoseconds?])
    func thatOfAnEarlierOneIsNot(_ frame: Nanoseconds?) {
        #expect(ColodDrill(from: .seconds(5), to: .seconds(6), firstFrameAt: frame).takeoverMs == nil)
    }
}
