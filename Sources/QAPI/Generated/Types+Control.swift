// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What a connection can ask for when it negotiates.
public enum QMPCapability: String, SchemaValue, CaseIterable {
    /// Commands given by exec-oob overtake the others.
    case oob
}

/// A version in three numbers.
public struct VersionTriple: SchemaObject, Hashable {
    /// The first.
    public var major: Int64
    /// The second.
    public var minor: Int64
    /// The third.
    public var micro: Int64

    /// Put together from its members.
    public init(major: Int64, minor: Int64, micro: Int64) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        major = try reader.required("major")
        minor = try reader.required("minor")
        micro = try reader.required("micro")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("major", major)
        writer.add("minor", minor)
        writer.add("micro", micro)
    }
}

/// Which version of the interface is spoken, and by which program.
public struct VersionInfo: SchemaObject, Hashable {
    /// The version of QEMU whose interface this is.
    public var qemu: VersionTriple
    /// The program that speaks it and its own version.
    public var package: String

    /// Put together from its members.
    public init(qemu: VersionTriple, package: String) {
        self.qemu = qemu
        self.package = package
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        qemu = try reader.required("qemu")
        package = try reader.required("package")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("qemu", qemu)
        writer.add("package", package)
    }
}

/// A command.
public struct CommandInfo: SchemaObject, Hashable {
    /// Its name.
    public var name: String

    /// Put together from its members.
    public init(name: String) {
        self.name = name
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
    }
}
