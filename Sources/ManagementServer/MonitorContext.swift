public import QMP
import Synchronization
public import SystemCalls

/// What belongs to the connection that a command came over, for the commands that are about it.
public struct MonitorContext: Sendable {
    /// That of the command that runs in this task; nil outside of one.
    @TaskLocal public static var current: MonitorContext?

    /// The descriptors that clients of this management address have named.
    public let descriptors: DescriptorStore
    let passed: PassedDescriptors

    /// `getfd`: gives the first descriptor of the client's last message that carried any the name `name`. A descriptor
    /// that had this name before is closed.
    public func namePassedDescriptor(_ name: String) throws(CommandError) {
        guard let number = passed.take() else {
            throw .generic("No file descriptor supplied via SCM_RIGHTS")
        }
        let descriptor = Descriptor(owning: number)
        if let first = name.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
            throw .generic("Parameter 'fdname' expects a name not starting with a digit")
        }
        try descriptors.add(descriptor, name)
    }
}

/// Descriptors that clients have named, until something takes them. As with QEMU they stay when the client that named
/// them has gone, and belong to the address that it came over.
public final class DescriptorStore: Sendable {
    private let limit: Int
    private let numbers = Mutex<[String: Int32]>([:])

    /// A store of `limit` descriptors at most.
    public init(limit: Int) { self.limit = limit }

    deinit { numbers.withLock { $0.values.forEach { _ = Descriptor(owning: $0) } } }

    /// How many there are.
    public var count: Int { numbers.withLock { $0.count } }

    /// Keeps `descriptor` as `name` and closes the one that had the name before.
    public func add(_ descriptor: consuming Descriptor, _ name: String) throws(CommandError) {
        let number = descriptor.release()
        let (isKept, old) = numbers.withLock { numbers -> (Bool, Int32?) in
            guard numbers[name] != nil || numbers.count < limit else { return (false, number) }
            return (true, numbers.updateValue(number, forKey: name))
        }
        if let old { _ = Descriptor(owning: old) }
        if !isKept { throw .generic("There are \(limit) named file descriptors already") }
    }

    /// `closefd`: closes the descriptor named `name`.
    public func close(_ name: String) throws(CommandError) {
        guard take(name) != nil else { throw .generic("File descriptor named '\(name)' not found") }
    }

    /// Gives the descriptor named `name` away; nil if there is none.
    public func take(_ name: String) -> Descriptor? {
        guard let number = numbers.withLock({ $0.removeValue(forKey: name) }) else { return nil }
        return Descriptor(owning: number)
    }
}

/// The descriptors that came with the last message that carried any, until a command takes them.
final class PassedDescriptors: Sendable {
    private let numbers = Mutex<[Int32]>([])

    deinit { replace(with: []) }

    /// Closes what was there before.
    func replace(with new: [Int32]) {
        let old = numbers.withLock { numbers in
            defer { numbers = new }
            return numbers
        }
        for number in old { _ = Descriptor(owning: number) }
    }

    /// The first one, the caller's to close; the others are closed. Nil if there is none.
    func take() -> Int32? {
        let all = numbers.withLock { numbers in
            defer { numbers = [] }
            return numbers
        }
        for number in all.dropFirst() { _ = Descriptor(owning: number) }
        return all.first
    }
}
