import CLinux
import Glibc
import SystemCalls

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
            return try Channel(
                reading: output.takeReading(), writing: input.takeWriting(), medium: .command(child), name: command)
        } catch {
            throw .failed(action: "Failed to execute command", reason: error.reason)
        }
    }

    /// Takes over a descriptor that a client has passed: a socket, a pipe or a file.
    public static func adopt(_ descriptor: consuming Descriptor, name: String) throws(TransportError) -> Channel {
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw .last("Unable to use descriptor '\(name)'") }
        if status.st_mode & S_IFMT == S_IFSOCK { return Channel(descriptor, name: name) }
        do {
            let other = try descriptor.duplicate()
            return try Channel(reading: descriptor, writing: other, medium: .file, name: name)
        } catch {
            throw .failed(action: "Unable to use descriptor '\(name)'", reason: error.reason)
        }
    }

    private static func currentEnvironment() -> [String] {
        var result: [String] = []
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = Glibc.environ
        // SAFETY: environ(7) is an array of C strings that ends in a null pointer; nothing here changes it.
        while let text = entry?.pointee {
            result.append(String(cString: text))
            entry = entry?.successor()
        }
        return result
    }
}
