import Environment
import PairLab
import Testing

@testable import colobench

@Suite("What a pair did between two moments") struct PairRatesTests {
    private let start: PairCounters = {
        var counters = PairCounters(time: .seconds(10))
        counters.checkpoints = 100
        counters.checkpointBytes = 1_000_000
        counters.pauses = [80: 90, 5000: 10]
        counters.primary = .seconds(3)
        counters.secondary = .seconds(1)
        counters.linkBytes = 2_000_000
        return counters
    }()

    private func later() -> PairCounters {
        var counters = start
        counters.time = .seconds(14)
        counters.checkpoints = 300
        counters.checkpointBytes = 3_000_000
        counters.pauses = [80: 190, 120: 98, 700: 2, 5000: 10]
        counters.primary = .seconds(6)
        counters.secondary = .milliseconds(1500)
        counters.linkBytes = 6_000_000
        return counters
    }

    @Test func countsOfBeforeAreLeftOut() throws {
        let rates = try PairRates(from: start, to: later())
        #expect(rates.checkpointsPerSecond == 50)
        #expect(rates.bytesPerCheckpoint == 10_000)
        #expect(rates.pause == Spread(median: 0.08, p99: 0.12, max: 0.7))
        #expect(rates.primaryCores == 0.75)
        #expect(rates.secondaryCores == 0.125)
        #expect(rates.linkBytesPerSecond == 1_000_000)
    }

    @Test func withoutCheckpointsThereIsNoPauseAndNoSize() throws {
        var end = start
        end.time = .seconds(12)
        // The average of many was rounded down.
        end.checkpointBytes -= 7
        let rates = try PairRates(from: start, to: end)
        #expect(rates.checkpointsPerSecond == 0)
        #expect(rates.bytesPerCheckpoint == nil)
        #expect(rates.pause == nil)
    }

    @Test func aColodThatTellsNoPausesHasNone() throws {
        var end = later()
        end.pauses = nil
        #expect(try PairRates(from: start, to: end).pause == nil)
    }

    @Test func aColodThatBeganAnewIsNoticed() {
        var end = later()
        end.checkpoints = 2
        #expect(throws: LabError.self) { try PairRates(from: start, to: end) }
        end = later()
        end.secondary = .zero
        #expect(throws: LabError.self) { try PairRates(from: start, to: end) }
        #expect(throws: LabError.self) { try PairRates(from: start, to: start) }
    }

    @Test func aSpreadOfCountsIsThatOfTheValues() throws {
        let values = (1...300).map { ($0 * 7919) % 4000 }
        let counts = values.reduce(into: [UInt64: UInt64]()) { $0[UInt64($1), default: 0] += 1 }
        let expected = Spread(values.map { Double($0) / 1000 })
        #expect(Spread(microseconds: counts) == expected)
        #expect(Spread(microseconds: [:]) == nil)
    }

    @Test func bytesOfAnInterfaceAreReadFromTheKernelsTable() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
                lo:     100       1    0    0    0     0          0         0      200       1    0    0    0     0       0
             repl0: 1234567    4242    0    0    0     0          0         0  7654321    4141    0    0    0     0       0
            """
        #expect(InterfaceBytes.total(of: "repl0", in: text) == 8_888_888)
        #expect(InterfaceBytes.total(of: "lo", in: text) == 300)
        #expect(InterfaceBytes.total(of: "repl", in: text) == nil)
        #expect(InterfaceBytes.total(of: "beat0", in: text) == nil)
    }
}
