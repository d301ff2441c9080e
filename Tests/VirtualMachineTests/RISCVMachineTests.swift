import ByteCoding
import Environment
import GuestMemory
import MachineModel
import MigrationFormat
import PairLab
import SystemCalls
import Testing

@testable import VirtualMachine

/// A riscv64 machine that runs one bare-metal program.
private final class Board {
    let printed = PrintedText()
    let requests = ThreadGate<[GuestRequest]>([])
    let machine: RISCVMachine
    let virtual: VirtualMachine
    private let kernel: TemporaryFile

    init(_ program: [UInt32], vCPUs: Int = 1, wallClock: any WallClock = SystemWallClock()) throws {
        kernel = try TemporaryFile(KernelImage.bytes(of: program))
        var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: kernel.path)
        configuration.vCPUCount = vCPUs
        configuration.wallClock = wallClock
        let (printed, requests) = (printed, requests)
        configuration.console = { printed.append($0) }
        configuration.onRequest = { request in requests.withLock { $0.append(request) } }
        machine = try RISCVMachine(configuration)
        virtual = VirtualMachine(parts: machine.parts)
    }

    func firstRequest() -> GuestRequest? {
        requests.wait(until: SystemClock().now() + .seconds(20)) { $0.first }
    }

    deinit { virtual.shutDown() }
}

/// A clock that stands.
private struct StandingClock: WallClock {
    let time: UInt64
    func sinceEpoch() -> Nanoseconds { Nanoseconds(time) }
}

@Suite struct RISCVMachineTests {
    @Test func aSurvivorsGuestReadsTheSurvivorsClockShiftedAsTheGuestHadSetIt() throws {
        let source = try Board(RISCVProgram.tellingTime, wallClock: StandingClock(time: 0x10_dead_beef))
        try source.virtual.run()
        #expect(source.printed.wait(for: 3)?.first == 0x41)
        var (state, memory): ([UInt8], [UInt8]) = ([], [])
        source.virtual.pauseBriefly {
            state = source.virtual.saveDeviceBlob()
            let ram = source.virtual.memory.blocks[0]
            memory = source.virtual.memory.read(ram.guestAddress, count: ram.size) ?? []
        }
        let target = try Board(RISCVProgram.resetting, wallClock: StandingClock(time: 0x12_0000_0000))
        let prepared = try target.virtual.prepareLoad(blob: state, expected: source.virtual.sectionKeys)
        target.virtual.load(prepared) {
            target.virtual.memory.write(target.virtual.memory.blocks[0].guestAddress, bytes: memory)
        }
        try target.virtual.run()
        // One byte may have been read off the source's clock before it was printed here.
        #expect(target.printed.wait(for: 3)?.last == 0x43)
    }

    @Test(arguments: [RISCVProgram.counting, RISCVProgram.ticking])
    func aGuestLoadedIntoAnotherMachineGoesOnWhereItWasSaved(program: [UInt32]) throws {
        let source = try Board(program)
        try source.virtual.run()
        _ = try #require(source.printed.wait(for: 20))
        var state: [UInt8] = []
        var memory: [UInt8] = []
        var before: [UInt8] = []
        source.virtual.pauseBriefly {
            state = source.virtual.saveDeviceBlob()
            let ram = source.virtual.memory.blocks[0]
            memory = source.virtual.memory.read(ram.guestAddress, count: ram.size) ?? []
            before = source.printed.all
        }
        #expect(before == RISCVProgram.expected(before.count))

        let target = try Board(RISCVProgram.resetting)
        let prepared = try target.virtual.prepareLoad(blob: state, expected: source.virtual.sectionKeys)
        target.virtual.load(prepared) {
            target.virtual.memory.write(target.virtual.memory.blocks[0].guestAddress, bytes: memory)
        }
        try target.virtual.run()
        let after = try #require(target.printed.wait(for: 20))
        #expect(before + after == RISCVProgram.expected(before.count + after.count))

        // The source was not harmed by being saved.
        let more = try #require(source.printed.wait(for: before.count + 10))
        #expect(more == RISCVProgram.expected(more.count))
    }

    @Test func anAlarmOfTheRealTimeClockComesWhileTheGuestRuns() throws {
        let board = try Board(RISCVProgram.waitingForAlarm)
        try board.virtual.run()
        #expect(board.printed.wait(for: 1) == [0x20])
    }

    @Test func aGuestThatIsPausedOftenLosesNothing() throws {
        let board = try Board(RISCVProgram.counting)
        let tracker = try board.virtual.memory.makeTracker()
        try board.virtual.run()
        for round in 1...50 {
            _ = try #require(board.printed.wait(for: 3 * round))
            board.virtual.harvest(tracker)
        }
        let all = board.printed.all
        #expect(all == RISCVProgram.expected(all.count))
    }

    @Test func aMachineThatWaitsForItsStateLeavesTheRAMThatItSharesAsItIs() throws {
        let kernel = try TemporaryFile(KernelImage.bytes(of: RISCVProgram.counting))
        let file = try TemporaryFile([])
        for (isIncoming, isShared) in [(true, true), (true, false), (false, true)] {
            var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: kernel.path)
            configuration.memoryBacking = .file(path: file.path, isShared: isShared)
            configuration.isIncoming = isIncoming
            let machine = VirtualMachine(parts: try RISCVMachine(configuration).parts, incoming: isIncoming)
            let ram = machine.memory.blocks[0]
            #expect(ram.backing.isShared == isShared)
            let isEmpty = UnsafeRawBufferPointer(start: ram.base, count: ram.size).allSatisfy { $0 == 0 }
            #expect(isEmpty == (isIncoming && isShared))
            machine.shutDown()
        }
    }

    @Test func aResetBeginsAgain() throws {
        let board = try Board(RISCVProgram.resetting)
        try board.virtual.run()
        #expect(board.firstRequest() == .reset)
        #expect(board.printed.all == [0x20])
        board.virtual.reset(guest: true, reason: "guest-reset")
        #expect(board.printed.wait(for: 2) == [0x20, 0x20])
    }

    @Test func theSectionsComeInTheirFixedOrder() throws {
        let board = try Board(RISCVProgram.counting, vCPUs: 2)
        let names = board.machine.parts.savedDevices.map { "\($0.identity.name) \($0.identity.instance)" }
        #expect(
            names == [
                "riscv-hart 0", "riscv-hart 1", "riscv-aclint 0", "riscv-plic 0", "serial 0", "goldfish_rtc 0",
                "virtio-rng 0", "virtio-console 1",
            ])
    }

    @Test func theStateOfAMachineWithMoreHartsIsRefusedAndTheGuestStaysAsItWas() throws {
        let large = try Board(RISCVProgram.counting, vCPUs: 2)
        let small = try Board(RISCVProgram.counting)
        let state = large.virtual.saveDeviceBlob()
        let before = small.virtual.saveDeviceBlob()
        #expect(throws: StreamError.self) {
            try small.virtual.prepareLoad(blob: state, expected: large.virtual.sectionKeys)
        }
        #expect(small.virtual.saveDeviceBlob() == before)
    }
}

@Suite struct RISCVConfigurationTests {
    private func error(_ change: (inout RISCVMachineConfiguration) -> Void, kernel: [UInt8]? = nil) throws -> String {
        let file = try TemporaryFile(kernel ?? KernelImage.bytes(of: RISCVProgram.counting))
        var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: file.path)
        change(&configuration)
        do throws(RISCVMachineError) {
            try RISCVMachine(configuration).parts.engine.shutDown()
            return ""
        } catch {
            return "\(error)".replacing(file.path, with: "KERNEL")
        }
    }

    @Test func aMissingFileIsNamed() throws {
        #expect(try error { $0.kernel = "/nonexistent/Image" }.hasPrefix("/nonexistent/Image: "))
        #expect(try error { $0.initrd = "/nonexistent/initrd" }.hasPrefix("/nonexistent/initrd: "))
        #expect(try error { $0.firmware = "/nonexistent/fw" }.hasPrefix("/nonexistent/fw: "))
        #expect(
            try error { $0.disks = [.init(path: "/nonexistent/disk", isReadOnly: true)] }.hasPrefix("/nonexistent/"))
    }

    @Test func whatIsNoKernelImageIsRefused() throws {
        #expect(try error({ _ in }, kernel: [1, 2, 3]) == "KERNEL: too short for a kernel image")
        #expect(
            try error({ _ in }, kernel: [0x1f, 0x8b] + [UInt8](repeating: 0, count: 100))
                == "KERNEL: a compressed kernel; unpack it first")
        var image = KernelImage.bytes(of: RISCVProgram.counting)
        image[57] ^= 1
        #expect(try error({ _ in }, kernel: image).hasPrefix("KERNEL: no RISC-V kernel image"))
    }

    @Test(arguments: [
        (8, [UInt8](repeating: 0xff, count: 8)), (8, [1, 0, 0]), (16, [UInt8](repeating: 0xff, count: 8)),
    ])
    func aKernelHeaderWithImpossibleNumbersIsRefused(offset: Int, bytes: [UInt8]) throws {
        var image = KernelImage.bytes(of: RISCVProgram.counting)
        image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        #expect(try error({ _ in }, kernel: image).contains("cannot be right"))
    }

    @Test func aMachineTooSmallForItsFilesSaysWhichOneDoesNotFit() throws {
        let initrd = try TemporaryFile([UInt8](repeating: 1, count: 5 << 20))
        #expect(try error { $0.initrd = initrd.path }.hasPrefix("\(initrd.path): its 5 MiB do not fit"))
        #expect(try error { $0.memorySize = 4 << 20 }.hasPrefix("KERNEL: the kernel needs"))
        let firmware = try TemporaryFile([UInt8](repeating: 1, count: 3 << 20))
        #expect(try error { $0.firmware = firmware.path }.hasPrefix("\(firmware.path): 3145728 bytes"))
    }

    @Test func settingsOutsideTheirBoundsAreNamed() throws {
        #expect(try error { $0.vCPUCount = 0 }.hasPrefix("vcpus: "))
        #expect(try error { $0.vCPUCount = 65 }.hasPrefix("vcpus: "))
        #expect(try error { $0.memorySize = 0 }.hasPrefix("memory: "))
        #expect(try error { $0.memorySize += 1 }.hasPrefix("memory: "))
        #expect(try error { $0.append = String(repeating: "x", count: 1024) }.hasPrefix("append: "))
        #expect(try error { _ in }.isEmpty)
    }
}
