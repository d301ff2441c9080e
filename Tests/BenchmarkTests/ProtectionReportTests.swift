import Environment
import PairLab
import QMP
import Testing

@testable import colobench

@Suite("What colobench protection prints") struct ProtectionReportTests {
    private static func rates(checkpoints: Double, pause: Spread?) throws -> PairRates {
        var start = PairCounters(time: .seconds(1))
        start.pauses = [:]
        var end = start
        end.time = .seconds(2)
        var rates = try PairRates(from: start, to: end)
        rates.checkpointsPerSecond = checkpoints
        rates.bytesPerCheckpoint = checkpoints > 0 ? 40_960 : nil
        (rates.pause, rates.primaryCores, rates.secondaryCores) = (pause, 0.5, checkpoints > 0 ? 0.25 : 0)
        rates.linkBytesPerSecond = checkpoints * 50_000
        return rates
    }

    private static func row(
        _ setting: ProtectionSetting, _ load: ProtectionCase, perSecond: Double, median: Double
    ) throws -> ProtectionRow {
        let pause = Spread(median: 0.08, p99: 0.4, max: 2)
        return ProtectionRow(
            setting: setting, load: load, period: setting == .unprotected ? nil : 20,
            measurement: .init(
                traffic: .init(
                    perSecond: perSecond, latency: Spread(median: median, p99: median * 2, max: median * 8),
                    unanswered: 0, clientCores: 0.1),
                rates: try rates(
                    checkpoints: setting == .unprotected ? 0 : 50, pause: setting == .unprotected ? nil : pause),
                wakeUp: Spread(median: 0.06, p99: 0.3, max: 1)))
    }

    private static func report() throws -> ProtectionReport {
        var report = ProtectionReport(encryption: "TLS1.3 AES-128-GCM")
        for load in [ProtectionCase.ping, .redis(connections: 10, pipeline: 16)] {
            report.rows.append(try row(.unprotected, load, perSecond: 4000, median: 0.25))
            report.rows.append(try row(.standard, load, perSecond: 1000, median: 20.25))
            report.rows.append(try row(.period(20), load, perSecond: 2000, median: 10.25))
        }
        report.idle = [
            .init(setting: .unprotected, period: nil, rates: try rates(checkpoints: 0, pause: nil)),
            .init(setting: .standard, period: 50, rates: try rates(checkpoints: 10, pause: nil)),
            .init(setting: .period(20), period: 20, rates: try rates(checkpoints: 50, pause: nil)),
        ]
        report.failures = [.init(setting: .period(1), what: "idle", reason: "the host ended")]
        return report
    }

    @Test func theKeysAreThose() throws {
        let json = JSONValue.object(try Self.report().json)
        let unprotected = try #require(json["unprotected"]?.array?.first)
        #expect(json["unprotected"]?.array?.count == 1)
        #expect(
            unprotected.object?.members.map(\.key) == [
                "connections", "pipeline", "requests_per_s", "p50_ms", "p99_ms", "max_ms", "unanswered",
                "client_cores", "primary_cores", "wakeup_ms",
            ])
        let protected = try #require(json["protected"]?.array)
        #expect(protected.map { $0["period"] } == ["default", "20 ms"])
        #expect(
            protected[1].object?.members.map(\.key) == [
                "connections", "pipeline", "requests_per_s", "p50_ms", "p99_ms", "max_ms", "unanswered",
                "client_cores", "primary_cores", "wakeup_ms", "period", "period_ms", "secondary_cores",
                "checkpoints_per_s", "bytes_per_checkpoint", "pause_ms", "bytes_per_s", "requests_ratio",
                "added_p50_ms", "added_p99_ms",
            ])
        #expect(protected[1]["requests_ratio"] == .double(0.5))
        #expect(protected[1]["added_p50_ms"] == .double(10))
        #expect(protected[1]["added_p99_ms"] == .double(20))
        #expect(protected[1]["bytes_per_checkpoint"] == .double(40_960))
        #expect(protected[1]["pause_ms"] == ["median": .double(0.08), "p99": .double(0.4), "max": .double(2)])
        #expect(json["ping"]?["unprotected"]?.array?.count == 1)
        #expect(json["ping"]?["protected"]?.array?.count == 2)
    }

    @Test func idleIsThatOfTheFirstProtection() throws {
        let json = JSONValue.object(try Self.report().json)
        #expect(json["idle"]?["cores"] == .double(0.75))
        #expect(json["idle"]?["unprotected_cores"] == .double(0.5))
        #expect(json["idle"]?["bytes_per_s"] == .double(500_000))
        #expect(json["idle_by_period"]?.array?.map { $0["bytes_per_s"] } == [.double(500_000), .double(2_500_000)])
        #expect(json["failures"]?.array == [["period": "1 ms", "case": "idle", "reason": "the host ended"]])
    }

    @Test func theTableHasTheRatiosBesideTheFigures() throws {
        let lines = try Self.report().text.split(separator: "\n").map(String.init)
        #expect(lines.first == "replication channel: TLS1.3 AES-128-GCM")
        let index = try #require(lines.firstIndex(of: "SET, 10 connections, -P 16"))
        func words(_ line: Int) -> [Substring] { lines[line].split(separator: " ") }
        #expect(words(index + 1) == ["unprotected", "4000", "0.250", "0.50", "2.0", "0", "0.30", "0.50"])
        #expect(
            words(index + 3) == [
                "20", "ms", "2000", "0.50x", "10.250", "+10.00", "20.50", "+20.00", "82.0", "0", "50.0", "40", "0.080",
                "0.40", "2.00", "0.30", "2.50", "0.50", "0.25",
            ])
        #expect(lines.last == "no figures of 1 ms, idle: the host ended")
    }

    @Test func columnsAreAlignedAndTitlesStandAlone() {
        #expect(
            ProtectionReport.table([
                ["", "req/s", "x"], ["a title that is longer"], ["one", "5", ""], ["two", "12345678", "y"],
            ])
                == ["          req/s  x", "a title that is longer", "  one         5", "  two  12345678  y"])
    }

    @Test(arguments: [("default", "default"), ("20", "20 ms"), ("10000", "10000 ms")])
    func periodsAreRead(text: String, title: String) {
        #expect(ProtectionPeriod(argument: text)?.setting.title == title)
        #expect(ProtectionPeriod(argument: text)?.defaultValueDescription == text)
    }

    @Test(arguments: ["0", "-5", "10001", "20ms", "never", ""])
    func othersAreRefused(text: String) { #expect(ProtectionPeriod(argument: text) == nil) }
}
