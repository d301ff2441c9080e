import ByteCoding
import MachineModel
import Testing

@testable import PlatformDevices

@Suite struct PLICTests {
    let harts = [InterruptInputs(), InterruptInputs()]
    let plic: PLIC
    /// The supervisor contexts of hart 0 and hart 1.
    let first = 1
    let second = 3

    init() {
        plic = PLIC(base: 0xc00_0000, harts: harts)
    }

    func enable(_ source: Int, context: Int, priority: UInt64 = 1) {
        plic.store(offset: UInt64(4 * source), width: 4, value: priority)
        let offset = UInt64(0x2000 + 0x80 * context + source / 32 * 4)
        let before = plic.load(offset: offset, width: 4)
        plic.store(offset: offset, width: 4, value: before | 1 << UInt64(source % 32))
    }

    func claim(_ context: Int) -> UInt64 { plic.load(offset: UInt64(0x20_0004 + 0x1000 * context), width: 4) }

    func complete(_ source: UInt64, _ context: Int) {
        plic.store(offset: UInt64(0x20_0004 + 0x1000 * context), width: 4, value: source)
    }

    func setThreshold(_ threshold: UInt64, _ context: Int) {
        plic.store(offset: UInt64(0x20_0000 + 0x1000 * context), width: 4, value: threshold)
    }

    @Test func anEnabledInputInterruptsTheModeOfItsContext() {
        enable(10, context: 0)
        enable(40, context: second)
        plic.setLevel(source: 10, true)
        #expect(harts[0].levels == 1 << 11)
        plic.setLevel(source: 40, true)
        #expect(harts[1].levels == 1 << 9)
        #expect(claim(second) == 40)
        #expect(harts[1].levels == 0)
    }

    @Test func aMaskedOrZeroPriorityInputStaysPendingWithoutInterrupting() {
        plic.setLevel(source: 5, true)
        #expect(plic.load(offset: 0x1000, width: 4) == 1 << 5)
        enable(5, context: first, priority: 0)
        #expect(harts[0].levels == 0)
        #expect(claim(first) == 0)
        plic.store(offset: 20, width: 4, value: 3)
        #expect(harts[0].levels == 1 << 9)
    }

    @Test func aClaimTakesTheHighestPriorityAndOfEqualsTheLowestNumber() {
        enable(3, context: first, priority: 1)
        enable(9, context: first, priority: 5)
        enable(7, context: first, priority: 5)
        for source in [3, 9, 7] { plic.setLevel(source: source, true) }
        #expect([claim(first), claim(first), claim(first), claim(first)] == [7, 9, 3, 0])
        #expect(harts[0].levels == 0)
    }

    @Test func theThresholdMasksTheInterruptButNotTheClaim() {
        enable(3, context: first, priority: 2)
        setThreshold(2, first)
        plic.setLevel(source: 3, true)
        #expect(harts[0].levels == 0)
        setThreshold(1, first)
        #expect(harts[0].levels == 1 << 9)
        setThreshold(2, first)
        #expect(claim(first) == 3)
    }

    @Test func anInputThatIsStillHighAtCompletionInterruptsAgain() {
        enable(3, context: first)
        plic.setLevel(source: 3, true)
        #expect(claim(first) == 3)
        #expect(claim(first) == 0)
        complete(3, first)
        #expect(harts[0].levels == 1 << 9)
        #expect(claim(first) == 3)
        plic.setLevel(source: 3, false)
        complete(3, first)
        #expect(harts[0].levels == 0)
    }

    @Test func anInputThatFellBeforeItsClaimIsStillDelivered() {
        enable(3, context: first)
        plic.setLevel(source: 3, true)
        plic.setLevel(source: 3, false)
        #expect(claim(first) == 3)
        complete(3, first)
        #expect(claim(first) == 0)
    }

    @Test func onlyOneOfTwoContextsGetsAnInput() {
        enable(3, context: first)
        enable(3, context: second)
        plic.setLevel(source: 3, true)
        #expect(harts.map(\.levels) == [1 << 9, 1 << 9])
        #expect(claim(second) == 3)
        #expect(harts.map(\.levels) == [0, 0])
        #expect(claim(first) == 0)
    }

    @Test func completionOfASourceThatIsNotEnabledIsIgnored() {
        enable(3, context: first)
        plic.setLevel(source: 3, true)
        #expect(claim(first) == 3)
        complete(3, second)
        complete(0, first)
        complete(64, first)
        complete(0xffff_ffff, first)
        #expect(claim(first) == 0)
    }

    @Test func registersOutsideTheLayoutReadZeroAndIgnoreStores() {
        for offset: UInt64 in [0, 0x100, 0x1008, 0x2008, 0x2200, 0x20_4000, 0x20_0008, 0x5f_fffc] {
            plic.store(offset: offset, width: 4, value: .max)
            #expect(plic.load(offset: offset, width: 4) == 0, "offset \(offset)")
        }
        plic.store(offset: 0x2000, width: 4, value: .max)
        #expect(plic.load(offset: 0x2000, width: 4) == 0xffff_fffe)
        plic.store(offset: 4, width: 4, value: .max)
        #expect(plic.load(offset: 4, width: 4) == 7)
    }

    @Test func aClaimInProgressMovesWithTheState() throws {
        enable(3, context: first)
        enable(8, context: first, priority: 2)
        plic.setLevel(source: 3, true)
        plic.setLevel(source: 8, true)
        #expect(claim(first) == 8)
        let target = PLICTests()
        try move(plic, to: target.plic)
        #expect(target.harts[0].levels == 1 << 9)
        #expect(target.claim(first) == 3)
        #expect(target.claim(first) == 0)
        target.complete(8, first)
        #expect(target.claim(first) == 8)
        expectEveryCutStateToBeRefused(plic)
    }

    @Test func aStateThatCannotBeIsRefusedAndChangesNothing() {
        var writer = ByteWriter()
        plic.saveState(to: &writer)
        let good = writer.bytes
        // Source 0 pending; pending and claimed at once; a priority past the maximum; a threshold past the maximum.
        let damages: [[(Int, UInt8)]] = [[(15, 1)], [(15, 2), (23, 2)], [(28, 1)], [(good.count - 1, 8)]]
        for damage in damages {
            var bad = good
            for (index, value) in damage { bad[index] = value }
            var reader = ByteReader(bad)
            #expect(throws: DeviceStateError.self) { try plic.prepareLoad(version: 1, from: &reader) }
        }
        var after = ByteWriter()
        plic.saveState(to: &after)
        #expect(after.bytes == good)
    }
}
