import Glibc
import ManagedObjects
import ManagementServer
import QAPI
import QMP

// Objects that clients make, and the tree of all objects.
extension ManagementTarget {
    func qomList(path: String) async throws(CommandError) -> [ObjectPropertyInfo] {
        try answering { try state.tree.list(path: path) }.map { ObjectPropertyInfo(name: $0.name, type: $0.type) }
    }

    func qomGet(path: String, property: String) async throws(CommandError) -> JSONValue {
        try answering { try state.tree.get(path: path, property: property) }
    }

    func qomListTypes(implements: String?, abstract: Bool?) async throws(CommandError) -> [ObjectTypeInfo] {
        ObjectTypes.list(implementing: implements, includingAbstract: abstract ?? false).map {
            ObjectTypeInfo(name: $0.name, abstract: $0.isAbstract ? true : nil, parent: $0.parent)
        }
    }

    func objectAdd(_ arguments: ObjectOptions) async throws(CommandError) {
        // Credentials are read from files, which may lie on a slow disk.
        try await onThread {
            try state.objects.add(arguments.id) { try arguments.make() }
            for text in Self.warnings(of: arguments.id, state.objects.object(arguments.id)) { warn(text) }
        }
    }

    /// What is about to end, or has ended, of the certificates that objects were made of.
    var certificateWarnings: [String] { state.objects.objects.flatMap { Self.warnings(of: $0.name, $0.object) } }

    private static func warnings(of name: String, _ object: (any ManagedObject)?) -> [String] {
        guard let credentials = object as? TLSCredentials else { return [] }
        let now = Int(time(nil))
        return credentials.certificates.compactMap { $0.warning(at: now) }.map { "object \(name): \($0)" }
    }

    func objectDel(id: String) async throws(CommandError) { try answering { try state.objects.remove(id) } }
}

extension ObjectOptions {
    /// The object that these options describe.
    fileprivate func make() throws -> any ManagedObject {
        switch variant {
        case .authzSimple(let options): return try AuthorizationList(identity: options.identity)
        case .authzList(let options):
            return try AuthorizationList(
                rules: (options.rules ?? []).map(AuthorizationList.Rule.init), policy: .init(options.policy))
        case .tlsCredsAnon(let options):
            return try TLSCredentials(
                anonymous: TLSSettings(options.dir, options.endpoint, options.verifyPeer, options.priority))
        case .tlsCredsPsk(let options):
            return try TLSCredentials(
                sharedKey: TLSSettings(options.dir, options.endpoint, options.verifyPeer, options.priority),
                username: options.username)
        case .tlsCredsX509(let options):
            return try TLSCredentials(
                certificates: TLSSettings(options.dir, options.endpoint, options.verifyPeer, options.priority),
                sanityCheck: options.sanityCheck ?? true, passwordID: options.passwordid)
        default: throw ObjectError.notCreatable(type: qomType.rawValue)
        }
    }
}

extension TLSSettings {
    fileprivate init(
        _ directory: String?, _ endpoint: QCryptoTLSCredsEndpoint?, _ verifyPeer: Bool?, _ priority: String?
    ) {
        self.init(
            directory: directory, endpoint: endpoint == .server ? .server : .client, verifyPeer: verifyPeer ?? true,
            priority: priority)
    }
}

extension AuthorizationList.Policy {
    fileprivate init(_ policy: QAuthZListPolicy?) { self = policy == .allow ? .allow : .deny }
}

extension AuthorizationList.Rule {
    fileprivate init(_ rule: QAuthZListRule) {
        let format: AuthorizationList.Format? =
            switch rule.format {
            case .exact: .exact
            case .glob: .glob
            case nil: nil
            }
        self.init(match: rule.match, policy: .init(rule.policy), format: format)
    }
}

// Descriptors that clients hand over. They belong to the socket that the client came over.
extension ManagementTarget {
    func getfd(fdname: String) async throws(CommandError) {
        guard let monitor = MonitorContext.current else { throw .generic("This is not available here") }
        try monitor.namePassedDescriptor(fdname)
    }

    func closefd(fdname: String) async throws(CommandError) {
        guard let monitor = MonitorContext.current else { throw .generic("This is not available here") }
        try monitor.descriptors.close(fdname)
    }
}
