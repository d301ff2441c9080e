import QAPI
import Synchronization
import Testing

@testable import Jobs

@Suite struct JobTests {
    private static let everyVerb: [JobVerb] = [.cancel, .pause, .resume, .complete, .finalize, .dismiss]

    private func refusal(_ body: () throws(JobError) -> Void) -> String? {
        do throws(JobError) {
            try body()
            return nil
        } catch { return error.description }
    }

    private func job(in status: JobStatus) throws -> Job {
        var job = Job(name: "j", type: .snapshotSave)
        if status == .created { return job }
        _ = job.begin()
        if status == .paused { _ = try job.apply(.pause) }
        if status == .concluded { _ = job.finish(error: nil) }
        try #require(job.status == status)
        return job
    }

    @Test func successAndFailureTakeTheirWays() {
        var good = Job(name: "a", type: .snapshotSave)
        #expect(good.begin() == [.running])
        #expect(good.finish(error: nil) == [.waiting, .pending, .concluded])
        #expect(good.error == nil)
        var bad = Job(name: "b", type: .snapshotLoad)
        #expect(bad.begin() == [.running])
        #expect(bad.finish(error: "no") == [.aborting, .concluded])
        #expect(bad.error == "no")
        for job in [good, bad] { #expect(job.currentProgress == 1 && job.totalProgress == 1) }
    }

    /// What QEMU 7.2 accepts in each state; the texts are its own.
    @Test(arguments: [
        (JobStatus.created, [JobVerb.cancel, .pause]), (.running, [.cancel, .pause]), (.paused, [.cancel, .resume]),
        (.concluded, [.dismiss]),
    ]) func eachStateAcceptsItsVerbs(status: JobStatus, accepted: [JobVerb]) throws {
        for verb in Self.everyVerb {
            var job = try job(in: status)
            let text = refusal { () throws(JobError) in _ = try job.apply(verb) }
            switch verb {
            case _ where accepted.contains(verb): #expect(text == nil, "\(verb)")
            case .resume: #expect(text == "Can't resume a job that was not paused")
            case .pause where status == .paused: #expect(text == "Job is already paused")
            default:
                #expect(
                    text == "Job 'j' in state '\(status.rawValue)' cannot accept command verb '\(verb.rawValue)'")
            }
        }
    }

    @Test func aCancelledJobEndsWithAnError() throws {
        var job = try job(in: .running)
        #expect(try job.apply(.cancel).isEmpty)
        #expect(job.isCancelled)
        #expect(job.finish(error: nil) == [.aborting, .concluded])
        #expect(job.error == "Operation canceled")
    }

    @Test func whatHasEndedIsNotEndedAgain() throws {
        var job = try job(in: .concluded)
        #expect(job.finish(error: "late").isEmpty)
        #expect(job.begin().isEmpty)
        #expect(job.error == nil)
    }
}

@Suite struct JobRegistryTests {
    private final class Log: Sendable {
        let lines = Mutex<[String]>([])
        func take() -> [String] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    private let log = Log()
    private let registry: JobRegistry

    init() {
        let log = log
        registry = JobRegistry { name, status in log.lines.withLock { $0.append("\(name) \(status.rawValue)") } }
    }

    private func refusal(_ body: () throws(JobError) -> Void) -> String? {
        do throws(JobError) {
            try body()
            return nil
        } catch { return error.description }
    }

    @Test(arguments: ["", "1", "a b", "é"]) func namesMustBeIdentifiers(name: String) {
        #expect(
            refusal { () throws(JobError) in try registry.create(name, type: .snapshotSave) }
                == "Invalid job ID '\(name)'")
        #expect(log.take().isEmpty)
    }

    @Test func aJobIsKnownUntilItIsDismissed() throws {
        try registry.create("j", type: .snapshotDelete)
        registry.begin("j")
        #expect(
            refusal { () throws(JobError) in try registry.create("j", type: .snapshotSave) }
                == "Job ID 'j' already in use")
        registry.finish("j", error: "why")
        #expect(registry.all.map(\.error) == ["why"])
        #expect(log.take() == ["j created", "j running", "j aborting", "j concluded"])
        try registry.apply(.dismiss, to: "j")
        #expect(log.take() == ["j null"])
        #expect(refusal { () throws(JobError) in try registry.apply(.dismiss, to: "j") } == "Job not found")
        #expect(registry.all.isEmpty)
    }

    @Test func theNewestComesFirstAlsoAtTheEnd() throws {
        for name in ["a", "b", "c"] {
            try registry.create(name, type: .snapshotSave)
            registry.begin(name)
            if name != "b" { registry.finish(name, error: nil) }
        }
        #expect(registry.all.map(\.name) == ["c", "b", "a"])
        _ = log.take()
        registry.dismissAll()
        #expect(log.take() == ["c null", "a null"])
    }

    @Test func thereIsALimit() throws {
        for index in 0..<JobRegistry.maximumCount { try registry.create("j\(index)", type: .snapshotSave) }
        #expect(refusal { () throws(JobError) in try registry.create("k", type: .snapshotSave) } != nil)
        #expect(
            refusal { () throws(JobError) in
                try registry.create(String(repeating: "a", count: 2000), type: .snapshotSave)
            }?.hasPrefix("Invalid job ID") == true)
    }
}
