import ByteCoding
import Glibc
import MigrationCore
import MigrationFormat
import QAPI
import SystemCalls
import VirtualMachine

// `xen-save-devices-state` and `xen-load-devices-state`: a file that holds the state of the devices without RAM: magic,
// version, FULL sections and the byte that ends them.
extension MigrationController {
    /// Writes the state of all devices to a file, which is made or emptied. The guest is stopped for the moment that the
    /// state is taken in, with its events.
    public func saveDevices(to path: String) throws(DeviceFileError) {
        try Self.checkName(path)
        if let pair = machine.parts.failoverPairs.first(where: \.isPlugged) { throw .primaryPlugged(pair.id) }
        let blob: [UInt8]
        do { blob = try machine.captureDevices() } catch { throw .pause(error) }
        // Its driver may have become ready meanwhile.
        if let pair = machine.parts.failoverPairs.first(where: \.isPlugged) { throw .primaryPlugged(pair.id) }
        let file = try Self.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        var writer = ByteWriter(capacity: blob.count + 8)
        writer.write(MigrationFormat.magic)
        writer.write(MigrationFormat.version)
        writer.write(blob)
        let bytes = writer.bytes
        var done = 0
        while done < bytes.count {
            // SAFETY: the array has `bytes.count - done` bytes from `done` on, and outlives the call.
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe raw.baseAddress.map { unsafe write(file.number, $0 + done, raw.count - done) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .notWritten(path: path, SystemError(code: errno, call: "write")) }
            done += count
        }
    }

    /// Replaces the state of all devices by what a file holds. The whole file is read and validated first; whatever is
    /// wrong with it, nothing has changed. The guest must not run; `cont` lets it go on.
    public func loadDevices(from path: String) throws(DeviceFileError) {
        guard machine.runState != .running else { throw .machineRuns }
        let bytes = try Self.readFile(path)
        guard !withState({ $0.isMigrating || $0.outgoingStatus == .colo }) else { throw .migration(.inProgress) }
        guard machine.runState != .inmigrate else { throw .migration(.waitsForIncoming) }
        let state: PreparedDeviceState
        do {
            state = try prepare(bytes)
        } catch {
            throw .malformed(path: path, error)
        }
        guard machine.replaceDevices(state) else { throw .machineRuns }
    }

    private func prepare(_ bytes: [UInt8]) throws(StreamError) -> PreparedDeviceState {
        var reader = ByteReader(bytes)
        guard let magic = try? reader.read(UInt32.self), magic == MigrationFormat.magic else {
            throw StreamError("Not a migration stream", offset: 0)
        }
        guard let version = try? reader.read(UInt32.self), version == MigrationFormat.version else {
            throw StreamError("Unsupported migration stream version", offset: 4)
        }
        return try machine.prepareLoad(blob: Array(bytes[8...]), expected: machine.sectionKeys)
    }

    /// A name with a zero byte in it cannot be handed to the system, and names no file.
    private static func checkName(_ path: String) throws(DeviceFileError) {
        guard path.utf8.contains(0) else { return }
        throw .notOpened(path: path, SystemError(code: ENOENT, call: "open"))
    }

    private static func open(_ path: String, _ flags: Int32) throws(DeviceFileError) -> Descriptor {
        do {
            // A name that leads to a pipe or a device must not make anybody wait.
            return try Descriptor.open(path, flags: flags | O_NONBLOCK | O_NOCTTY, mode: 0o660)
        } catch {
            throw .notOpened(path: path, error)
        }
    }

    private static func readFile(_ path: String) throws(DeviceFileError) -> [UInt8] {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        try checkName(path)
        let file = try open(path, O_RDONLY)
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .noRegularFile(path: path)
        }
        let limit = Int(MigrationFormat.deviceBlobLimit) + 8
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(file.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .notRead(path: path, SystemError(code: errno, call: "read")) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw .tooLong(path: path, limit: limit) }
        }
    }
}
