import Environment
import Testing

@testable import GuestMemory

@Suite struct PageSets {
    @Test func everyMemberDoesWhatAPlainSetDoes() throws {
        for seed: UInt64 in 1...30 {
            var random = SeededGenerator(seed: seed)
            var run = try ModelRun(pageCount: Int.random(in: 1...300, using: &random))
            for _ in 0..<300 { try run.step(&random) }
        }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 128, 1000])
    func allPagesAreThePagesOfTheSetAndNoMore(pageCount: Int) throws {
        let set = try PageSet(pageCount: pageCount)
        #expect(set.isEmpty && set.count == 0)
        set.insertAll()
        #expect(set.count == pageCount)
        #expect(set.nextRun(from: 0) == (pageCount == 0 ? nil : 0..<pageCount))
        #expect(set.next(from: pageCount) == nil)
        #expect(set.next(from: .max) == nil)
        #expect(Array(set) == Array(0..<pageCount))
        set.removeAll()
        #expect(set.isEmpty)
    }

    @Test func aRunEndsAtItsLimitAndAtAGap() throws {
        let set = try PageSet(pageCount: 400)
        for page in 60..<300 where page != 200 { set.insert(page) }
        #expect(set.nextRun(from: 0) == 60..<200)
        #expect(set.nextRun(from: 0, limit: 1) == 60..<61)
        #expect(set.nextRun(from: 0, limit: 68) == 60..<128)
        #expect(set.nextRun(from: 0, limit: 70) == 60..<130)
        #expect(set.takeRun(from: 100, limit: 50) == 100..<150)
        #expect(set.takeRun(from: 0) == 60..<100)
        #expect(set.takeRun(from: 0) == 150..<200)
        #expect(set.takeRun(from: 0) == 201..<300)
        #expect(set.takeRun(from: 0) == nil)
        #expect(set.isEmpty)
    }

    @Test func ofSeveralThreadsExactlyOneTakesEachPage() async throws {
        let (threads, pageCount) = (4, 20_000)
        let set = try PageSet(pageCount: pageCount)
        for byRuns in [false, true] {
            set.insertAll()
            let taken = await withTaskGroup(of: [Int].self) { group in
                for thread in 0..<threads {
                    group.addTask { byRuns ? Self.takeRuns(set, limit: 3 + 40 * thread) : Self.takePages(set) }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.sorted() == Array(0..<pageCount))
            #expect(set.isEmpty)
        }
    }

    private static func takePages(_ set: PageSet) -> [Int] { (0..<set.pageCount).filter { set.remove($0) } }

    private static func takeRuns(_ set: PageSet, limit: Int) -> [Int] {
        var pages: [Int] = []
        while let run = set.takeRun(from: 0, limit: limit) { pages += run }
        return pages
    }

    @Test func ofSeveralThreadsExactlyOneAddsEachPage() async throws {
        let (threads, pageCount) = (4, 20_000)
        let set = try PageSet(pageCount: pageCount)
        let added = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<threads { group.addTask { (0..<pageCount).count { set.insert($0) } } }
            return await group.reduce(0, +)
        }
        #expect(added == pageCount)
        #expect(set.count == pageCount)
    }

    @Test func noPageIsLostBetweenThreadsThatAddAndOneThatTakes() async throws {
        let (writers, pagesEach) = (4, 5000)
        let set = try PageSet(pageCount: writers * pagesEach)
        let taken = try PageSet(pageCount: writers * pagesEach)
        await withTaskGroup(of: Void.self) { group in
            // The writers' pages lie interleaved, so that they meet in the same words.
            for writer in 0..<writers {
                group.addTask { for index in 0..<pagesEach { set.insert(index * writers + writer) } }
            }
            group.addTask { for _ in 0..<200 { taken.take(from: set) } }
        }
        taken.take(from: set)
        #expect(set.isEmpty)
        #expect(taken.count == writers * pagesEach)
    }
}

/// Two page sets beside two plain sets that go through the same operations.
private struct ModelRun {
    let pageCount: Int
    let set: PageSet
    let other: PageSet
    var model: Set<Int> = []
    var otherModel: Set<Int> = []

    init(pageCount: Int) throws {
        self.pageCount = pageCount
        set = try PageSet(pageCount: pageCount)
        other = try PageSet(pageCount: pageCount)
    }

    mutating func step(_ random: inout SeededGenerator) throws {
        let page = Int.random(in: 0..<pageCount, using: &random)
        let limit = Int.random(in: 1...100, using: &random)
        switch Int.random(in: 0..<16, using: &random) {
        case 0...2: #expect(set.insert(page) == model.insert(page).inserted)
        case 3: #expect(other.insert(page) == otherModel.insert(page).inserted)
        case 4: #expect(set.remove(page) == (model.remove(page) != nil))
        case 5...7:
            // Runs, as guests write them.
            for page in page..<min(pageCount, page + limit) {
                set.insert(page)
                model.insert(page)
            }
        case 8:
            set.formUnion(other)
            model.formUnion(otherModel)
        case 9:
            set.subtract(other)
            model.subtract(otherModel)
        case 10:
            set.take(from: other)
            model.formUnion(otherModel)
            otherModel = []
        case 11, 12:
            let run = set.takeRun(from: page, limit: limit)
            #expect(run == expectedRun(from: page, limit: limit))
            model.subtract(run ?? 0..<0)
        case 13: #expect(set.nextRun(from: page, limit: limit) == expectedRun(from: page, limit: limit))
        case 14 where limit > 90:
            set.removeAll()
            model = []
        case 15 where limit > 95:
            set.insertAll()
            model = Set(0..<pageCount)
        default: break
        }
        check(page)
    }

    private func expectedRun(from start: Int, limit: Int) -> Range<Int>? {
        guard let first = model.filter({ $0 >= start }).min() else { return nil }
        var end = first
        while model.contains(end), end - first < limit { end += 1 }
        return first..<end
    }

    private func check(_ page: Int) {
        #expect(set.contains(page) == model.contains(page))
        #expect(set.count == model.count)
        #expect(set.isEmpty == model.isEmpty)
        #expect(set.next(from: page) == model.filter { $0 >= page }.min())
        #expect(Array(set) == model.sorted())
        #expect(Array(other) == otherModel.sorted())
    }
}
