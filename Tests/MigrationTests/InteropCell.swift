import QAPI

@testable import Migration

/// Where a migration goes from and to.
enum InteropDirection: String, CaseIterable, Sendable {
    case colodToQEMU = "colod→QEMU"
    case qemuToColod = "QEMU→colod"
    case colodToColod = "colod→colod"

    var startsAtColod: Bool { self != .qemuToColod }
    var endsAtColod: Bool { self != .colodToQEMU }
}

/// What carries a migration.
enum InteropTransport: String, CaseIterable, Sendable {
    case tcp, unix, exec, fd

    var hasSeveralChannels: Bool { self == .tcp || self == .unix }
}

/// What a migration is done with.
enum InteropFeature: Hashable, Sendable, CustomStringConvertible {
    case plain, returnPath, xbzrle, compress
    case multifd(MultiFDCompression, channels: Int)
    case tls(MigrationCredentials.Kind)
    case tlsMultifd(MultiFDCompression, channels: Int)
    case validateUUID, ignoreShared, pauseBeforeSwitchover, zeroCopy, backgroundSnapshot, colo
    case postcopy(InteropPostcopy)

    static let all: [InteropFeature] =
        [.plain, .returnPath, .xbzrle, .compress]
        + [MultiFDCompression.none, .zlib, .zstd].flatMap { method in
            [1, 2, 8].map { .multifd(method, channels: $0) }
        }
        + MigrationCredentials.Kind.allCases.map { .tls($0) }
        + [
            .tlsMultifd(.none, channels: 2), .tlsMultifd(.zlib, channels: 8), .validateUUID, .ignoreShared,
            .pauseBeforeSwitchover, .zeroCopy, .backgroundSnapshot, .colo,
        ] + InteropPostcopy.all.map { .postcopy($0) }

    var description: String {
        switch self {
        case .plain: "plain"
        case .returnPath: "return-path"
        case .xbzrle: "xbzrle"
        case .compress: "compress"
        case .multifd(let method, let channels): "multifd \(method.rawValue) ×\(channels)"
        case .tls(let kind): "TLS \(kind.rawValue)"
        case .tlsMultifd(let method, let channels): "TLS psk, multifd \(method.rawValue) ×\(channels)"
        case .validateUUID: "validate-uuid"
        case .ignoreShared: "x-ignore-shared"
        case .pauseBeforeSwitchover: "pause-before-switchover"
        case .zeroCopy: "zero-copy-send"
        case .backgroundSnapshot: "background-snapshot"
        case .colo: "COLO"
        case .postcopy(let postcopy): "\(postcopy)"
        }
    }

    /// The capabilities of one side.
    func capabilities(ofSource isSource: Bool) -> [MigrationCapability] {
        switch self {
        case .plain, .tls: []
        case .returnPath: isSource ? [.returnPath] : []
        case .xbzrle: [.xbzrle]
        case .compress: [.compress]
        case .multifd, .tlsMultifd: [.multifd]
        case .validateUUID: [.validateUuid]
        case .ignoreShared: [.xIgnoreShared]
        case .pauseBeforeSwitchover: isSource ? [.pauseBeforeSwitchover] : []
        case .zeroCopy: isSource ? [.multifd, .zeroCopySend] : [.multifd]
        case .backgroundSnapshot: isSource ? [.backgroundSnapshot] : []
        case .colo: [.xColo]
        case .postcopy(let postcopy): postcopy.capabilities(ofSource: isSource)
        }
    }

    var dataChannels: (count: Int, method: MultiFDCompression)? {
        switch self {
        case .multifd(let method, let channels), .tlsMultifd(let method, let channels): (channels, method)
        case .zeroCopy, .postcopy(InteropPostcopy(.multifd)): (2, .none)
        default: nil
        }
    }

    var credentials: MigrationCredentials.Kind? {
        switch self {
        case .tls(let kind): kind
        case .tlsMultifd: .psk
        case .postcopy(let postcopy): postcopy.credentials
        default: nil
        }
    }

    /// Whether the destination says something.
    var isTwoWay: Bool { self == .returnPath || self == .colo || credentials != nil || postcopy != nil }

    /// What is done in postcopy; nil if it is none.
    var postcopy: InteropPostcopy? { if case .postcopy(let postcopy) = self { postcopy } else { nil } }
}

/// One migration of the matrix.
struct InteropCell: Sendable, CustomStringConvertible {
    let feature: InteropFeature
    let direction: InteropDirection
    let transport: InteropTransport

    var description: String { "\(feature), \(direction.rawValue) over \(transport.rawValue)" }

    /// What becomes of it.
    enum Expectation: Hashable, Sendable {
        case works
        /// A colod refuses it before any byte, for that reason.
        case refused(String)
        /// The colod that is the source fails before any byte, for that reason.
        case failsInColod(String)
        /// The QEMU that is the source fails, and says why.
        case failsInQEMU
        /// One end cannot do its part, for that reason.
        case isImpossible(String)
    }

    var expectation: Expectation {
        if feature.dataChannels != nil, !transport.hasSeveralChannels {
            return .refused("multifd is not supported by current protocol")
        }
        if feature.postcopy?.isPreempted == true, !transport.hasSeveralChannels {
            return .refused(
                "Postcopy preempt is not supported as current migration stream does not support multi-channels.")
        }
        if let postcopy = feature.postcopy {
            if postcopy.companion == .multifd, direction == .colodToQEMU {
                return .isImpossible("a destination of QEMU 7.2 ends itself then, also with a source of QEMU")
            }
            if postcopy.recoveries > 0, transport == .exec {
                return .isImpossible("a command does not tell at once that its pipe broke")
            }
        }
        if feature == .zeroCopy, transport == .unix {
            let reason = "zero-copy-send: Zero copy send feature not detected in host kernel"
            return direction.startsAtColod ? .failsInColod(reason) : .failsInQEMU
        }
        return .works
    }

    static let all: [InteropCell] = InteropFeature.all.flatMap { feature in
        InteropDirection.allCases.flatMap { direction in
            InteropTransport.allCases.map { InteropCell(feature: feature, direction: direction, transport: $0) }
        }
    }
}
