import CLinux
public import Environment
import Glibc
public import SystemCalls

extension Channel {
    /// Starts `/bin/sh -c command` and makes its standard input this channel's way out and its standard output the way
    /// in. Its standard error is this process's. The command ends at the latest with the channel.
    public static func execute(_ command: String) throws(TransportError) -> Channel {
        do {
            let input = try Descriptor.pipe()
            let output = try Descriptor.pipe()
            let child = try ChildProcess(
                path: "/bin/sh", arguments: ["-c", command], environment: currentEnvironment(),
                standardInput: input.reading.number, standardOutput: output.writing.number)
            let wire = try PipeWire(
                reading: output.takeReading(), writing: input.takeWriting(), command: child, text: command)
            return Channel(.pipe(wire), name: command)
        } catch {
            throw .failed(action: "Failed to execute command", reason: error.reason)
        }
    }

    /// Takes over a descriptor that a client has passed: a socket, a pipe or a file.
    public static func adopt(_ descriptor: consuming Descriptor, name: String) throws(TransportError) -> Channel {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw .last("Unable to use descriptor '\(name)'") }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: return Channel(descriptor, name: name)
        case S_IFREG, S_IFBLK: return Channel(.file(FileWire(descriptor)), name: name)
        default: break
        }
        do {
            let other = try descriptor.duplicate()
            return Channel(.pipe(try PipeWire(reading: descriptor, writing: other)), name: name)
        } catch {
            throw .failed(action: "Unable to use descriptor '\(name)'", reason: error.reason)
        }
    }

    /// Tells the peer that nothing more comes; reading goes on. Belongs to the writing thread.
    public func shutDownWriting() { wire.closeWriting() }

    /// Everything was written. A command is told so and waited for, at most until `deadline`, so that what it does with
    /// the bytes is done when the migration is; throws unless it says with status 0 that it has done it. Belongs to the
    /// writing thread.
    public func finishWriting(deadline: Nanoseconds) throws(TransportError) {
        guard let command = wire.command else { return wire.sayEnd() }
        wire.closeWriting()
        try command.awaitEnd(until: deadline)
    }

    /// Everything that counts was read. A command is heard to its end, at most until `deadline`; throws unless it says
    /// with status 0 that what it has written is whole. Nothing can be written any more. Belongs to the thread that
    /// reads and writes.
    public func finishReading(deadline: Nanoseconds) throws(TransportError) {
        guard let command = wire.command else { return }
        wire.closeWriting()
        // SAFETY: nobody looks at what is read here; the buffer is freed when nothing is read any more.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        do throws(TransportError) {
            while try unsafe read(into: buffer, deadline: deadline) > 0 {}
        } catch .stalled {
            // It is killed for that, and says so.
        }
        try command.awaitEnd(until: deadline)
    }

    private static func currentEnvironment() -> [String] {
        var result: [String] = []
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe Glibc.environ
        // SAFETY: environ(7) is an array of C strings that ends in a null pointer; nothing here changes it.
        while let text = unsafe entry?.pointee {
            unsafe result.append(String(cString: text))
            unsafe entry = unsafe entry?.successor()
        }
        return result
    }
}
