import Diagnostics
import Environment
import Testing

@Suite struct RepeatedNoticeTests {
    @Test func aTroubleIsToldAtOnceThenOnceAMinuteWithItsNumber() {
        var notice = RepeatedNotice()
        var told: [(UInt64, RepeatedNotice.Telling)] = []
        for tenth in 0..<1_500 {
            let now = Nanoseconds.milliseconds(UInt64(tenth) * 100 + 7_000)
            if let telling = notice.happened(at: now) { told.append((now.count / 1_000_000, telling)) }
        }
        #expect(told.map(\.0) == [7_000, 67_000, 127_000])
        #expect(told.map(\.1) == [.first, .again(times: 600), .again(times: 600)])
        #expect(notice.ended(at: .seconds(160)) == .seconds(153))
    }

    @Test func anEndIsToldOnceAndTheNextTroubleIsNew() {
        var notice = RepeatedNotice()
        #expect(notice.ended(at: .seconds(1)) == nil)
        #expect(notice.happened(at: .seconds(2)) == .first)
        #expect(notice.happened(at: .seconds(2)) == nil)
        #expect(notice.ended(at: .seconds(3)) == .seconds(1))
        #expect(notice.ended(at: .seconds(3)) == nil)
        #expect(notice.happened(at: .seconds(3)) == .first)
    }
}
