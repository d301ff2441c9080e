import ByteCoding
import Environment
import Foundation
import GuestMemory
import MachineModel
import Synchronization
import SystemCalls
import Testing

@testable import EngineRISCV

/// Programs that run while pages of their RAM are still to come.
@Suite struct ResidencyTests {
    private func soon(_ milliseconds: UInt64) -> Nanoseconds { SystemClock().now() + .milliseconds(milliseconds) }

    // MARK: Exactness

    private struct Ending: Equatable {
        var registers: [UInt64]
        var floats: [UInt64]
        var pc: UInt64
        var retired: UInt64
        /// Pages of which something was changed, and their content.
        var memory: [Int: [UInt8]]
    }

    private func program(_ image: ProgramImage) throws -> TestProgram {
        let program = try TestProgram(image, memorySize: 4 << 20)
        guard let tables = image.symbol("tables"), let data = image.symbol("data") else { return program }
        let memory = program.memory
        let entry = { (address: UInt64, bits: UInt64) in (address >> 12) << 10 | bits }
        // Virtual 0x40000000 by pages of 4 KiB that were neither read nor written yet; all of RAM by one of 1 GiB.
        memory.store(tables + 8, entry(tables + 0x1000, 1))
        memory.store(tables + 16, entry(0x8000_0000, 0xcf))
        memory.store(tables + 0x1000, entry(tables + 0x2000, 1))
        for page in 0..<UInt64(ResidencyProgram.dataPages) {
            memory.store(tables + 0x2000 + page * 8, entry(data + page * 0x1000, 0x07))
        }
        return program
    }

    private func ending(_ program: TestProgram, comparedTo before: [UInt8], pages: some Sequence<Int>) -> Ending {
        let after = PageSource.content(of: program.memory)
        var changed: [Int: [UInt8]] = [:]
        for page in pages {
            let range = page * targetPageSize..<(page + 1) * targetPageSize
            if after[range] != before[range] { changed[page] = Array(after[range]) }
        }
        let hart = program.engine.harts[0]
        return Ending(
            registers: (0..<32).map { program.engine.register($0, hart: 0) },
            floats: (0..<32).map { hart.floatRegister($0) }, pc: program.engine.programCounter(hart: 0),
            retired: program.engine.retiredInstructions, memory: changed)
    }

    @Test(.buildsGuestPrograms) func everyPageIsAskedForOnceAndNothingElseIsDifferent() throws {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let file = try compiler.build(
            [.init(name: "residency.S", text: ResidencyProgram.source)], bare: true, ownEntry: true)
        let image = try ProgramImage(elf: [UInt8](try Data(contentsOf: file)))
        let limit: UInt64 = 3000

        let whole = try program(image)
        let before = PageSource.content(of: whole.memory)
        #expect(whole.engine.run(hart: 0, atMost: limit) >= limit)
        #expect(whole.engine.register(26, hart: 0) == 0x600d, "the program itself")

        let partial = try program(image)
        let pageCount = partial.memory.blocks[0].pageCount
        let source = try PageSource(partial.memory, missing: 0..<pageCount)
        var turns = 0
        while partial.engine.retiredInstructions < whole.engine.retiredInstructions, turns < 1000 {
            turns += 1
            let retired = partial.engine.retiredInstructions
            _ = partial.engine.run(hart: 0, atMost: whole.engine.retiredInstructions - retired)
            let state = saved(partial.engine)
            if source.placeNext() == nil { break }
            // Whoever looks again before the page is here changes nothing.
            #expect(saved(partial.engine) == state)
        }
        let asked = source.asked
        #expect(Set(asked).count == asked.count, "each once: \(asked)")
        #expect(Int(source.residency.requestCount) == asked.count)
        let expected = ending(whole, comparedTo: before, pages: 0..<pageCount)
        let result = ending(partial, comparedTo: before, pages: asked)
        #expect(result.registers == expected.registers)
        #expect(result.floats == expected.floats)
        #expect(result.pc == expected.pc)
        #expect(result.retired == expected.retired)
        #expect(result.memory == expected.memory)

        // Code of every kind, the tables, and the data that the program touches; nothing else.
        let number = { (address: UInt64) in Int(address - TestProgram.memoryBase) / targetPageSize }
        let tables = number(try #require(image.symbol("tables")))
        let data = number(try #require(image.symbol("data")))
        let code = 0..<tables
        let touched = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map { data + $0 }
        #expect(Set(asked).isSuperset(of: Array(tables..<tables + 3) + touched))
        #expect(Set(asked).subtracting(code).subtracting(tables..<tables + 3).subtracting(touched).isEmpty)
    }

    @Test(.buildsGuestPrograms) func pageTableEntriesStayAsTheyAreUntilTheAccessHappens() throws {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let file = try compiler.build(
            [.init(name: "residency.S", text: ResidencyProgram.source)], bare: true, ownEntry: true)
        let image = try ProgramImage(elf: [UInt8](try Data(contentsOf: file)))
        let tables = try #require(image.symbol("tables"))
        let data = try #require(image.symbol("data"))
        let partial = try program(image)
        let first = Int(data - TestProgram.memoryBase) / targetPageSize
        let source = try PageSource(partial.memory, missing: first..<first + ResidencyProgram.dataPages)
        let entry = { (page: UInt64) in partial.memory.load(tables + 0x2000 + page * 8, as: UInt64.self) ?? 0 }
        _ = partial.engine.run(hart: 0, atMost: 3000)
        #expect(source.asked == [first])
        #expect(entry(0) & 0xc0 == 0, "not read yet")
        source.placeNext()
        _ = partial.engine.run(hart: 0, atMost: 3000)
        #expect(entry(0) & 0xc0 == 0x40)
        #expect(source.asked == [first, first + 1])
        #expect(entry(1) & 0xc0 == 0, "not written yet")
        source.placeNext()
        _ = partial.engine.run(hart: 0, atMost: 3000)
        #expect(entry(1) & 0xc0 == 0xc0)
    }

    @Test(.buildsGuestPrograms) func privilegedBehaviourIsAsSpecifiedWithAllPagesMissing() throws {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let source = GuestCompiler.Source(name: "privileged.S", text: PrivilegedProgram.source)
        let file = try compiler.build([source], bare: true, ownEntry: true)
        let program = try TestProgram(try ProgramImage(elf: [UInt8](try Data(contentsOf: file))), memorySize: 4 << 20)
        let pages = try PageSource(program.memory, missing: 0..<program.memory.blocks[0].pageCount)
        var outcome = TestProgram.Outcome.unfinished(instructions: 0)
        for _ in 0..<1000 {
            outcome = program.run(limit: 10_000_000)
            guard case .stuck = outcome, pages.placeNext() != nil else { break }
        }
        #expect(outcome == .passed)
        #expect(pages.asked.count > 5)
        #expect(Set(pages.asked).count == pages.asked.count)
    }

    private func saved(_ engine: RISCVEngine) -> [UInt8] {
        var writer = ByteWriter()
        for device in engine.savedDevices { device.saveState(to: &writer) }
        return writer.bytes
    }

    // MARK: Running harts

    /// Loads from page `page` into x5 with x6 as the counter of instructions that were before, then x28 = 1.
    private func loader(_ page: UInt32) -> [UInt32] {
        [
            Assemble.auipc(7, page), Assemble.addi(6, 6, 1), Assemble.addi(6, 6, 1), Assemble.ld(5, 7, 0),
            Assemble.addi(28, 0, 1), Assemble.loop,
        ]
    }

    private func loaderBench(harts: Int = 1, page: UInt32 = 2) throws -> (bench: TestBench, source: PageSource) {
        let bench = try TestBench(loader(page), harts: harts)
        bench.memory.store(TestBench.base + UInt64(page) * 0x1000, UInt64(0x1234))
        return (bench, try PageSource(bench.memory, missing: [Int(page)]))
    }

    /// Runs until `condition` holds of the standing engine.
    private func run(_ bench: TestBench, until condition: () -> Bool) -> Bool {
        let deadline = soon(30_000)
        while SystemClock().now() < deadline {
            bench.engine.resume()
            sched_yield()
            guard (try? bench.engine.pause(until: deadline)) != nil else { return false }
            if condition() { return true }
        }
        return false
    }

    @Test func aHartThatWaitsStandsAtTheInstructionBoundaryAndGoesOnFromThere() throws {
        let (bench, source) = try loaderBench()
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        var states: Set<[UInt8]> = []
        for _ in 0..<50 {
            try bench.engine.pause(until: soon(10_000))
            states.insert(saved(bench.engine))
            bench.engine.resume()
        }
        try bench.engine.pause(until: soon(10_000))
        #expect(states.count == 1)
        #expect(bench.engine.programCounter(hart: 0) == TestBench.base + 12)
        #expect(bench.engine.retiredInstructions == 3)
        #expect(bench.register(6) == 2 && bench.register(5) == 0 && bench.register(28) == 0)
        #expect(source.asked == [2])

        // What was saved there goes on elsewhere, where the page is.
        let other = try TestBench(loader(2))
        other.memory.store(TestBench.base + 0x2000, UInt64(0x99))
        var reader = ByteReader(try #require(states.first))
        try #require(other.engine.savedDevices.first).prepareLoad(version: 1, from: &reader)()
        other.run(100)
        #expect(other.register(5) == 0x99 && other.register(6) == 2)

        // The page comes while the engine stands.
        source.placeNext()
        #expect(run(bench) { bench.register(28) == 1 })
        #expect(bench.register(5) == 0x1234)
        #expect(bench.register(6) == 2)
        #expect(source.asked == [2])
    }

    @Test func aPageWakesTheHartThatSleepsForIt() throws {
        let (bench, source) = try loaderBench()
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        source.placeNext()
        let retired = bench.engine.retiredInstructions
        let deadline = soon(30_000)
        while bench.engine.retiredInstructions < retired + 10_000, SystemClock().now() < deadline { sched_yield() }
        try bench.engine.pause(until: soon(10_000))
        #expect(bench.register(5) == 0x1234)
    }

    @Test func aPageThatNeverComesKeepsNobodyWaiting() throws {
        let start = SystemClock().now()
        do {
            let (bench, source) = try loaderBench(harts: 2)
            bench.engine.reset((0..<2).map { _ in HartReset(pc: TestBench.base, privilege: .machine) })
            bench.engine.resume()
            #expect(source.awaitRequests(1))
            try bench.engine.pause(until: soon(10_000))
            bench.engine.resume()
            bench.engine.retire()
            try bench.engine.pause(until: soon(10_000))
            #expect(source.asked == [2], "two harts, one request")
        }
        let (bench, source) = try loaderBench()
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        #expect(bench.engine.shutDown(until: soon(10_000)))
        #expect(SystemClock().now() - start < .seconds(8))
    }

    @Test func theEndOfTheResidencyWakesWhoWaits() throws {
        let (bench, source) = try loaderBench()
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        bench.memory.endResidency()
        #expect(run(bench) { bench.register(28) == 1 })
    }

    @Test func twoHartsShareWhatComesAndLoseNothing() throws {
        // Each hart adds 1 to the same doubleword 50000 times, half of them with LR and SC, then says so at x28.
        let amoadd: UInt32 = 0x0053_302f  // amoadd.d zero, t0, (t1)
        let loadReserved: UInt32 = 0x1003_33af  // lr.d t2, (t1)
        let storeConditional: UInt32 = 0x1873_3eaf  // sc.d t4, t2, (t1)
        let retry: UInt32 = 0xfe0e_9ae3  // bnez t4, -12
        let next: UInt32 = 0xfe0f_14e3  // bnez t5, -24
        let program: [UInt32] = [
            Assemble.auipc(6, 1), Assemble.lui(30, 6), Assemble.addi(30, 30, 424), Assemble.addi(5, 0, 1),
            amoadd, loadReserved, Assemble.addi(7, 7, 1), storeConditional, retry, Assemble.addi(30, 30, -1), next,
            Assemble.addi(28, 0, 1), Assemble.loop,
        ]
        for _ in 0..<20 {
            let bench = try TestBench(program, harts: 2)
            let source = try PageSource(bench.memory, missing: 0..<16)
            let server = try source.serve()
            bench.engine.reset((0..<2).map { _ in HartReset(pc: TestBench.base, privilege: .machine) })
            #expect(run(bench) { (0..<2).allSatisfy { bench.register(28, hart: $0) == 1 } })
            source.end()
            server.join()
            #expect(bench.memory.load(TestBench.base + 0x1000, as: UInt64.self) == 2 * 2 * 25_000)
            #expect(source.asked.sorted() == [0, 1])
        }
    }

    // MARK: What goes on while a hart waits

    @Test func interruptsAreTakenWhileAHartWaits() throws {
        // mtvec = handler, mie.MSIE, mstatus.MIE, then the load from page 2. The handler counts in x9 and closes mie.
        let program: [UInt32] = [
            Assemble.auipc(10, 1), Assemble.csr(0, 1, 0x305, 10), Assemble.addi(11, 0, 8),
            Assemble.csr(0, 1, 0x304, 11), Assemble.csr(0, 2, 0x300, 11), Assemble.auipc(7, 2), Assemble.ld(5, 7, 0),
            Assemble.addi(28, 0, 1), Assemble.loop,
        ]
        let handler: [UInt32] = [Assemble.addi(9, 9, 1), Assemble.csr(0, 1, 0x304, 0), 0x3020_0073]
        let bench = try TestBench(program)
        bench.load(handler, at: TestBench.base + 0x1000)
        bench.memory.store(TestBench.base + 0x2014, UInt64(77))
        let source = try PageSource(bench.memory, missing: [2])
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        bench.inputs[0].set(bit: 3, true)
        #expect(run(bench) { bench.register(9) == 1 && bench.engine.programCounter(hart: 0) == TestBench.base + 24 })
        #expect(bench.register(28) == 0)
        source.placeNext()
        #expect(run(bench) { bench.register(28) == 1 })
        #expect(bench.register(5) == 77 && bench.register(9) == 1)
        #expect(source.asked == [2])
    }

    @Test func theTimerWakesAHartThatWaitsOnlyIfItsInterruptCanBeTaken() throws {
        // As above with mie.MTIE (128); mstatus.MIE is on or off.
        for isOpen in [true, false] {
            let program: [UInt32] = [
                Assemble.auipc(10, 1), Assemble.csr(0, 1, 0x305, 10), Assemble.addi(11, 0, 128),
                Assemble.csr(0, 1, 0x304, 11), isOpen ? Assemble.addi(12, 0, 8) : Assemble.nop,
                Assemble.csr(0, 2, 0x300, 12), Assemble.auipc(7, 2), Assemble.ld(5, 7, 0), Assemble.loop,
            ]
            let handler: [UInt32] = [Assemble.addi(9, 9, 1), Assemble.csr(0, 1, 0x304, 0), 0x3020_0073]
            let bench = try TestBench(program)
            bench.load(handler, at: TestBench.base + 0x1000)
            let source = try PageSource(bench.memory, missing: [2])
            bench.inputs[0].setTimerCompare(bench.clock.ticks + 200_000)
            bench.engine.resume()
            #expect(source.awaitRequests(1))
            let before = try processorTime(bench.engine.threadIDs[0])
            usleep(100_000)
            // A hart that looked again and again would have used most of the 80 ms since the timer.
            #expect(try processorTime(bench.engine.threadIDs[0]) - before < 40)
            try bench.engine.pause(until: soon(10_000))
            #expect(bench.register(9) == (isOpen ? 1 : 0))
            #expect(bench.engine.programCounter(hart: 0) == TestBench.base + 28)
        }
    }

    /// What a thread has used, in milliseconds: the ticks of 10 ms that the host tells.
    private func processorTime(_ thread: Int32) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/task/\(thread)/stat", encoding: .utf8)
        let fields = try #require(text.split(separator: ")").last).split(separator: " ")
        return (try #require(Int(fields[11])) + (try #require(Int(fields[12])))) * 10
    }

    @Test func aHartThatWaitsKeepsNoFenceWaiting() throws {
        // Hart 0 asks all harts for a remote fence and counts in x9; hart 1 waits for page 2.
        let bench = try TestBench(
            [
                Assemble.addi(16, 0, 1), Assemble.addi(10, 0, 0), Assemble.addi(11, 0, -1), Assemble.ecall,
                Assemble.addi(9, 9, 1), Assemble.jumpBack(5),
            ], harts: 2, supervisor: true)
        bench.load(
            [Assemble.auipc(7, 1), Assemble.ld(5, 7, 0), Assemble.addi(28, 0, 1), Assemble.loop],
            at: TestBench.base + 0x1000)
        bench.engine.reset([
            HartReset(pc: TestBench.base, privilege: .supervisor),
            HartReset(pc: TestBench.base + 0x1000, privilege: .supervisor),
        ])
        bench.engine.harts[0].state.pointee.x[17] = 0x5246_4e43
        let source = try PageSource(bench.memory, missing: [2])
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        let counts = bench.engine.retiredInstructions
        let deadline = soon(30_000)
        while bench.engine.retiredInstructions < counts + 1000, SystemClock().now() < deadline { sched_yield() }
        try bench.engine.pause(until: soon(10_000))
        #expect(bench.register(9) > 100)
        source.placeNext()
        #expect(run(bench) { bench.register(28, hart: 1) == 1 })
    }

    @Test func aCallOfTheConsoleIsAnsweredOnceWhenAllItsBytesAreHere() throws {
        let bench = try TestBench([Assemble.ecall, Assemble.addi(28, 0, 1), Assemble.loop], supervisor: true)
        let text = Array("across two pages".utf8)
        bench.memory.write(TestBench.base + 0x3000 - 6, bytes: text)
        let source = try PageSource(bench.memory, missing: [2, 3])
        let x = bench.engine.harts[0].state.pointee.x
        (x[17], x[16], x[10], x[11]) = (0x4442_434e, 0, UInt64(text.count), TestBench.base + 0x3000 - 6)
        bench.run(10)
        source.placeNext()
        bench.run(10)
        #expect(bench.log.console.isEmpty && bench.engine.retiredInstructions == 0)
        #expect(source.asked == [2, 3])
        source.placeNext()
        bench.run(10)
        #expect(bench.log.console == text)
        #expect(bench.register(10) == 0 && bench.register(11) == UInt64(text.count))
        #expect(bench.register(28) == 1)
    }

    /// Until hart 0 has waited for that many milliseconds.
    private func awaitBlocktime(_ milliseconds: UInt32, _ bench: TestBench) -> Bool {
        let deadline = soon(30_000)
        while SystemClock().now() < deadline {
            if let time = bench.engine.blocktime, time.vCPUs[0] >= milliseconds { return true }
            usleep(1000)
        }
        return false
    }

    @Test func waitsAreMeasuredForEachHart() throws {
        // Hart 0 waits for page 2 all the time, hart 1 runs.
        let bench = try TestBench(loader(2), harts: 2)
        bench.load([Assemble.loop], at: TestBench.base + 0x1000)
        bench.engine.reset([
            HartReset(pc: TestBench.base, privilege: .machine),
            HartReset(pc: TestBench.base + 0x1000, privilege: .machine),
        ])
        let source = try PageSource(bench.memory, missing: [2])
        #expect(bench.engine.blocktime == nil)
        let start = SystemClock().now()
        bench.engine.measureBlocktime()
        bench.engine.resume()
        #expect(source.awaitRequests(1))
        #expect(awaitBlocktime(50, bench))
        try bench.engine.pause(until: soon(10_000))
        let first = try #require(bench.engine.blocktime)
        #expect(first.vCPUs[0] >= 50 && first.vCPUs[1] == 0 && first.total == 0)
        #expect(Double(first.vCPUs[0]) <= (SystemClock().now() - start).inMilliseconds)
        // A machine that stands waits for no page.
        usleep(30_000)
        #expect(bench.engine.blocktime == first)
        bench.engine.resume()
        #expect(awaitBlocktime(first.vCPUs[0] + 15, bench))
        source.placeNext()
        #expect(run(bench) { bench.register(28) == 1 })
        let last = try #require(bench.engine.blocktime)
        usleep(20_000)
        #expect(bench.engine.blocktime == last)
    }
}
