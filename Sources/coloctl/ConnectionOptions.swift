import ArgumentParser
import Environment
import Glibc
import SystemCalls

/// How to find colod; every command has these options.
struct ConnectionOptions: ParsableArguments {
    static let folder = "/run/colod"

    @Option(help: ArgumentHelp("The QMP socket.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("The guest: its socket is \(folder)/NAME.qmp.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("How long to wait for an answer, in seconds.", valueName: "seconds"))
    var timeout: Double = 5

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else { throw ValidationError("--timeout must be above 0 and at most 3600") }
        guard socket == nil || name == nil else { throw ValidationError("give --socket or --name, not both") }
        if let name, name.isEmpty || name.utf8.contains(UInt8(ascii: "/")) {
            throw ValidationError("--name is the name of a guest, such as web")
        }
    }

    /// How long to wait for an answer.
    var patience: Nanoseconds { Nanoseconds(UInt64(timeout * 1_000_000_000)) }

    func connect(outOfBand: Bool = false) throws(Failure) -> Connection {
        try Connection(path: path(), patience: patience, outOfBand: outOfBand)
    }

    func connect(to path: String) throws(Failure) -> Connection { try Connection(path: path, patience: patience) }

    /// The socket to use.
    func path() throws(Failure) -> String {
        // SAFETY: nothing in the program changes its environment, and what getenv(3) gives is copied at once.
        if let socket { return socket }
        if let name { return "\(Self.folder)/\(name).qmp" }
        if let given = unsafe getenv("COLOD_QMP") {
            let text = unsafe String(cString: given)
            let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
            if !path.isEmpty { return path }
        }
        let found = try Self.sockets(in: Self.folder)
        if found.count == 1, let only = found.first { return "\(Self.folder)/\(only)" }
        if found.isEmpty {
            throw Failure(
                .unreachable, "no colod socket in \(Self.folder)",
                next: "start the service (systemctl start colod@NAME), or say --socket PATH or set COLOD_QMP")
        }
        let names = found.map { String($0.dropLast(4)) }.sorted().joined(separator: ", ")
        throw Failure(.usage, "there are several guests here: \(names)", next: "say which with --name")
    }

    /// The names of the sockets in `folder`: opendir(3).
    static func sockets(in folder: String) throws(Failure) -> [String] {
        guard let directory = unsafe opendir(folder) else {
            guard errno == EACCES || errno == EPERM else { return [] }
            throw .denied(folder)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // SAFETY: reads the entry's fixed-size name field, up to its closing zero.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".qmp") { names.append(name) }
        }
        return names
    }
}
