import Environment
import Testing

@testable import SystemCalls

@Suite("Locks that are kept for long")
struct TicketLockTests {
    private static let patience = Nanoseconds.seconds(20)

    @Test("whoever asks first has it first, also before a thread that gives it back and takes it again at once")
    func servesInOrder() throws {
        let lock = TicketLock<[Int]>([])
        var others: [Thread] = []
        lock.withLock { _ in
            for number in 1...3 {
                if let other = try? Thread(name: "other", { lock.withLock { $0.append(number) } }) {
                    others.append(other)
                }
                #expect(awaits { lock.waitingCount == number })
            }
        }
        lock.withLock { $0.append(4) }
        for other in others { other.join() }
        #expect(lock.withLock { $0 } == [1, 2, 3, 4])
    }

    @Test("a wait ends at its deadline, and whoever waits behind goes on")
    func givesUp() throws {
        let lock = TicketLock(0)
        let isOut = ThreadGate(false)
        var next: Thread?
        lock.withLock { _ in
            let late = try? Thread(name: "late") {
                let result: Void? = lock.withLock(until: SystemClock().now() + .milliseconds(5)) { $0 = 9 }
                isOut.withLock { $0 = result == nil }
            }
            #expect(isOut.wait(until: SystemClock().now() + Self.patience) { $0 ? true : nil } == true)
            late?.join()
            next = try? Thread(name: "next") { lock.withLock { $0 += 1 } }
            #expect(awaits { lock.waitingCount == 1 })
            #expect(lock.tryLock { _ in true } == nil)
        }
        next?.join()
        #expect(lock.tryLock { $0 } == 1)
    }

    private func awaits(_ condition: () -> Bool) -> Bool {
        let end = SystemClock().now() + Self.patience
        while !condition(), SystemClock().now() < end {}
        return condition()
    }
}
