import ByteCoding
import Environment
import Foundation
import GuestMemory
import MachineModel
import Synchronization
import SystemCalls
import Testing

@testable import EngineRISCV

/// Pausing, dirty pages, saved state and hostile code, seen from outside.
@Suite struct EngineTests {
    /// Counts in x5 and stores the count at 0x80001000.
    private static let counter: [UInt32] = [
        Assemble.auipc(6, 1), Assemble.addi(5, 5, 1), Assemble.sd(5, 6, 0), Assemble.jumpBack(2),
    ]
    private static let counterPage = 1

    @Test func everyHartHasAThreadThatTheHostKnows() throws {
        let bench = try TestBench([0x0000_006f], harts: 3)
        let numbers = bench.engine.threadIDs
        #expect(Set(numbers).count == 3)
        for number in numbers { #expect(access("/proc/self/task/\(number)", F_OK) == 0) }
    }

    @Test func pausedHartsStandStillAndGoOnWhereTheyWere() throws {
        let bench = try TestBench(Self.counter)
        for _ in 0..<20 {
            let before = bench.register(5)
            let retired = bench.engine.retiredInstructions
            bench.engine.resume()
            while bench.engine.retiredInstructions == retired { sched_yield() }
            bench.engine.pause()
            let count = bench.register(5)
            #expect(count > before)
            let stored: UInt64? = bench.memory.load(TestBench.base + 0x1000)
            // Between the addition and the store there is an instruction boundary too.
            #expect(stored == count || stored == count - 1)
        }
    }

    @Test func everyPageWrittenIsMarkedAgainAfterAHarvest() throws {
        let bench = try TestBench(Self.counter)
        let tracker = try bench.memory.makeTracker()
        let pages = try bench.memory.makePageSets()
        tracker.beginRecord()
        bench.run(1000)
        tracker.takeRecord(into: pages)
        #expect(Array(pages[0]) == [Self.counterPage])
        bench.engine.forgetWritePermissions()
        #expect(tracker.count == 0)
        bench.run(1000)
        pages[0].removeAll()
        tracker.takeRecord(into: pages)
        #expect(Array(pages[0]) == [Self.counterPage])
    }

    @Test(.buildsGuestPrograms) func whatIsNotMarkedDidNotChange() throws {
        // Stores all over 2 MiB, at addresses that follow no pattern, some of them across two pages.
        let source = """
            .section .text.start, "ax"
            .globl _start
            _start: la t1, area
            li t2, 0x5851f42d4c957f2d
            1: mul t0, t0, t2
            addi t0, t0, 1013
            srli t3, t0, 43
            add t3, t3, t1
            sd t0, 0(t3)
            j 1b
            .bss
            .align 12
            area: .space 0x201000
            """
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let file = try compiler.build([.init(name: "stores.S", text: source)], bare: true, ownEntry: true)
        let run = try EngineRun(file, limit: 1000)
        let block = try #require(run.program.memory.blocks.first)
        var copy = [UInt8](UnsafeRawBufferPointer(start: block.base, count: block.size))
        let tracker = try run.program.memory.makeTracker()
        let pages = try run.program.memory.makePageSets()
        tracker.beginRecord()
        run.program.engine.forgetWritePermissions()
        for _ in 0..<20 {
            _ = run.program.engine.run(hart: 0, atMost: 20_000)
            pages[0].removeAll()
            tracker.takeRecord(into: pages)
            run.program.engine.forgetWritePermissions()
            #expect(pages[0].count > 100)
            for page in pages[0] {
                let range = page * targetPageSize..<(page + 1) * targetPageSize
                copy.replaceSubrange(
                    range,
                    with: UnsafeRawBufferPointer(
                        rebasing: UnsafeRawBufferPointer(
                            start: block.base, count: block.size)[range]))
            }
        }
        #expect(copy.elementsEqual(UnsafeRawBufferPointer(start: block.base, count: block.size)))
    }

    @Test func codeReplacedFromOutsideIsExecuted() throws {
        let bench = try TestBench([Assemble.addi(5, 0, 1), Assemble.loop])
        bench.run(100)
        #expect(bench.register(5) == 1)
        bench.load([Assemble.addi(5, 0, 2), Assemble.loop])
        bench.engine.reset([HartReset(pc: TestBench.base, privilege: .machine)])
        bench.engine.forgetTranslations()
        bench.run(100)
        #expect(bench.register(5) == 2)
    }

    @Test func savedHartGoesOnInAnotherEngine() throws {
        // A counter with everything that a program can set: floating point, an interrupt handler, memory protection.
        let program: [UInt32] =
            [
                Assemble.lui(7, 6), Assemble.csr(0, 2, 0x300, 7), Assemble.addi(8, 0, 77), 0xf204_01d3,
                Assemble.csr(0, 1, 0x340, 8), Assemble.csr(0, 1, 0x3b0, 8), Assemble.csr(0, 1, 0x003, 8),
            ] + Self.counter
        let first = try TestBench(program)
        first.run(5000)
        let device = try #require(first.engine.savedDevices.first)
        var writer = ByteWriter()
        device.saveState(to: &writer)

        let second = try TestBench(program)
        let target = try #require(second.engine.savedDevices.first)
        var reader = ByteReader(writer.bytes)
        let apply = try target.prepareLoad(version: 1, from: &reader)
        #expect(reader.isAtEnd)
        #expect(second.register(5) == 0)
        apply()
        var copy = ByteWriter()
        target.saveState(to: &copy)
        #expect(copy.bytes == writer.bytes)

        first.run(3000)
        second.run(3000)
        #expect(first.register(5) > 1000)
        #expect(first.register(5) == second.register(5))
        #expect(first.engine.programCounter(hart: 0) == second.engine.programCounter(hart: 0))
    }

    @Test func damagedHartStateIsRefusedAndChangesNothing() throws {
        let bench = try TestBench(Self.counter)
        bench.run(500)
        let device = try #require(bench.engine.savedDevices.first)
        var writer = ByteWriter()
        device.saveState(to: &writer)
        let good = writer.bytes
        for length in stride(from: 0, to: good.count, by: 97) {
            var reader = ByteReader(Array(good.prefix(length)))
            #expect(throws: DeviceStateError.self) { try device.prepareLoad(version: 1, from: &reader) }
        }
        // pc odd; privilege 2; hart state 9; reserved bits of mstatus; rounding mode 8.
        let privilege = 8 + 31 * 8 + 32 * 8
        for (offset, value) in [
            (7, UInt8(1)), (privilege, 2), (privilege + 3, 9), (privilege + 20, 0x40), (good.count - 1, 8),
        ] {
            var bad = good
            bad[offset] = value
            var reader = ByteReader(bad)
            #expect(throws: DeviceStateError.self, "offset \(offset)") {
                try device.prepareLoad(version: 1, from: &reader)
            }
        }
        var after = ByteWriter()
        device.saveState(to: &after)
        #expect(after.bytes == good)
    }

    @Test func randomInstructionsNeverHarmTheHost() throws {
        var random = SeededGenerator(seed: 2024)
        for round in 0..<150 {
            let words = (0..<1024).map { _ -> UInt32 in
                var word = UInt32(truncatingIfNeeded: random.next())
                // Mostly the opcodes that exist, or all would end in the first trap.
                if random.chance(3, in: 4) {
                    let opcodes: [UInt32] = [0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x37, 0x3b]
                    let others: [UInt32] = [0x43, 0x47, 0x4b, 0x4f, 0x53, 0x63, 0x67, 0x6f, 0x73]
                    word = word & ~0x7f | (opcodes + others)[Int(random.next() % 21)]
                }
                return word
            }
            let bench = try TestBench(words, supervisor: round & 1 == 1)
            // Traps end up in the program itself, with floating point on.
            let hart = try #require(bench.engine.savedDevices.first as? Hart)
            hart.state.pointee.mtvec = TestBench.base + UInt64(random.next() & 0xffc)
            hart.state.pointee.stvec = TestBench.base + UInt64(random.next() & 0xffc)
            hart.state.pointee.mstatus |= StatusBits.fs
            hart.updateContext()
            for index in UInt8(1)..<32 {
                hart.state.pointee.x[index] =
                    random.chance(1, in: 2) ? TestBench.base + random.next() & 0xffff : random.next()
            }
            bench.clock.stop()
            for _ in 0..<4 { bench.run(5000) }
            #expect(hart.state.pointee.x[0] == 0)
            var writer = ByteWriter()
            hart.saveState(to: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(throws: Never.self) { try hart.prepareLoad(version: 1, from: &reader) }
        }
    }

    @Test func waitForInterruptSleepsUntilTheTimer() throws {
        // mie.MTIE on, wfi, then x5 = 1.
        let bench = try TestBench([
            Assemble.addi(6, 0, 128), Assemble.csr(0, 1, 0x304, 6), Assemble.wfi, Assemble.addi(5, 0, 1), Assemble.loop,
        ])
        bench.run(100)
        #expect(bench.register(5) == 0)
        #expect(bench.engine.retiredInstructions == 3)
        bench.inputs[0].setTimerCompare(bench.clock.ticks + 10_000)
        bench.run(100)
        #expect(bench.register(5) == 1)
    }

    @Test func deviceAccessesGoToTheBus() throws {
        final class Scratchpad: MemoryMappedDevice {
            let range: Range<UInt64> = 0x1000..<0x1010
            private let value = Mutex<UInt64>(41)
            func load(offset: UInt64, width: Int) -> UInt64 { value.withLock { $0 } + offset }
            func store(offset: UInt64, width: Int, value new: UInt64) { value.withLock { $0 = new } }
        }
        let bench = try TestBench(
            [
                Assemble.lui(6, 1), Assemble.ld(5, 6, 8), Assemble.sd(5, 6, 0), Assemble.ld(7, 6, 0), Assemble.loop,
            ], devices: [Scratchpad()])
        bench.run(100)
        #expect(bench.register(5) == 49)
        #expect(bench.register(7) == 49)
    }

    @Test func atomicsOfRunningHartsLoseNothing() throws {
        // Each hart adds 1 to the same doubleword 100000 times, half of them with LR and SC, then says so at x28.
        let amoadd: UInt32 = 0x0053_302f  // amoadd.d zero, t0, (t1)
        let loadReserved: UInt32 = 0x1003_33af  // lr.d t2, (t1)
        let storeConditional: UInt32 = 0x1873_3eaf  // sc.d t4, t2, (t1)
        let retry: UInt32 = 0xfe0e_9ae3  // bnez t4, -12
        let next: UInt32 = 0xfe0f_14e3  // bnez t5, -24
        let program: [UInt32] = [
            Assemble.auipc(6, 1), Assemble.lui(30, 12), Assemble.addi(30, 30, 848), Assemble.addi(5, 0, 1),
            amoadd, loadReserved, Assemble.addi(7, 7, 1), storeConditional, retry, Assemble.addi(30, 30, -1), next,
            Assemble.addi(28, 0, 1), Assemble.loop,
        ]
        let bench = try TestBench(program, harts: 3)
        bench.engine.reset((0..<3).map { _ in HartReset(pc: TestBench.base, privilege: .machine) })
        var finished = false
        for _ in 0..<10_000 where !finished {
            bench.engine.resume()
            usleep(2000)
            bench.engine.pause()
            finished = (0..<3).allSatisfy { bench.register(28, hart: $0) == 1 }
        }
        let sum: UInt64? = bench.memory.load(TestBench.base + 0x1000)
        #expect(sum == 3 * 2 * 50_000)
    }
}
