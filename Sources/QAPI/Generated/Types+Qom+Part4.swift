// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A device served to another process.
public struct RemoteObjectProperties: SchemaObject, Hashable {
    /// The descriptor of the connection.
    public var fd: String
    /// The device.
    public var devid: String

    /// Put together from its members.
    public init(fd: String, devid: String) {
        self.fd = fd
        self.devid = devid
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        fd = try reader.required("fd")
        devid = try reader.required("devid")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("fd", fd)
        writer.add("devid", devid)
    }
}

/// A device served to another process by vfio-user.
public struct VfioUserServerProperties: SchemaObject, Hashable {
    /// Where to listen.
    public var socket: SocketAddress
    /// The device.
    public var device: String

    /// Put together from its members.
    public init(socket: SocketAddress, device: String) {
        self.socket = socket
        self.device = device
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        socket = try reader.required("socket")
        device = try reader.required("device")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("socket", socket)
        writer.add("device", device)
    }
}
