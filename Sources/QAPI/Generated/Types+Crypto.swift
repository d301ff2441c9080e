// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Which end of a TLS connection.
public enum QCryptoTLSCredsEndpoint: String, SchemaValue, CaseIterable {
    /// The one that connects.
    case client
    /// The one that listens.
    case server
}

/// How a secret is written down.
public enum QCryptoSecretFormat: String, SchemaValue, CaseIterable {
    /// As it is.
    case raw
    /// In base 64.
    case base64
}

/// A hash.
public enum QCryptoHashAlgorithm: String, SchemaValue, CaseIterable {
    /// MD5.
    case md5
    /// SHA-1.
    case sha1
    /// SHA-224 (since 2.7).
    case sha224
    /// SHA-256.
    case sha256
    /// SHA-384 (since 2.7).
    case sha384
    /// SHA-512 (since 2.7).
    case sha512
    /// RIPEMD-160 (since 2.7).
    case ripemd160
}

/// A cipher.
public enum QCryptoCipherAlgorithm: String, SchemaValue, CaseIterable {
    /// AES with 128 bits.
    case aes128 = "aes-128"
    /// AES with 192 bits.
    case aes192 = "aes-192"
    /// AES with 256 bits.
    case aes256 = "aes-256"
    /// DES (since 6.1).
    case des
    /// DES, three times (since 2.9).
    case n3des = "3des"
    /// CAST5 with 128 bits.
    case cast5128 = "cast5-128"
    /// Serpent with 128 bits.
    case serpent128 = "serpent-128"
    /// Serpent with 192 bits.
    case serpent192 = "serpent-192"
    /// Serpent with 256 bits.
    case serpent256 = "serpent-256"
    /// Twofish with 128 bits.
    case twofish128 = "twofish-128"
    /// Twofish with 192 bits.
    case twofish192 = "twofish-192"
    /// Twofish with 256 bits.
    case twofish256 = "twofish-256"
}

/// How a cipher is chained.
public enum QCryptoCipherMode: String, SchemaValue, CaseIterable {
    /// Each block by itself.
    case ecb
    /// Each block with the one before.
    case cbc
    /// By position, with a second key.
    case xts
    /// As a stream from a counter.
    case ctr
}

/// What the cipher of a sector starts from.
public enum QCryptoIVGenAlgorithm: String, SchemaValue, CaseIterable {
    /// The sector's number in 32 bits.
    case plain
    /// The sector's number in 64 bits.
    case plain64
    /// The sector's number, encrypted.
    case essiv
}

/// A key slot of a LUKS image.
public struct QCryptoBlockInfoLUKSSlot: SchemaObject, Hashable {
    /// Whether it holds a key.
    public var active: Bool
    /// Iterations to make the key from its passphrase; if active.
    public var iters: Int64?
    /// Stripes over which the key is spread; if active.
    public var stripes: Int64?
    /// Where it is in the image, in bytes.
    public var keyOffset: Int64

    /// Put together from its members.
    public init(active: Bool, iters: Int64? = nil, stripes: Int64? = nil, keyOffset: Int64) {
        self.active = active
        self.iters = iters
        self.stripes = stripes
        self.keyOffset = keyOffset
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        active = try reader.required("active")
        iters = try reader.optional("iters")
        stripes = try reader.optional("stripes")
        keyOffset = try reader.required("key-offset")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("active", active)
        writer.add("iters", iters)
        writer.add("stripes", stripes)
        writer.add("key-offset", keyOffset)
    }
}

/// The encryption of a LUKS image.
public struct QCryptoBlockInfoLUKS: SchemaObject, Hashable {
    /// Its cipher.
    public var cipherAlg: QCryptoCipherAlgorithm
    /// How the cipher is chained.
    public var cipherMode: QCryptoCipherMode
    /// What the cipher of a sector starts from.
    public var ivgenAlg: QCryptoIVGenAlgorithm
    /// The hash that goes with essiv.
    public var ivgenHashAlg: QCryptoHashAlgorithm?
    /// The hash for passphrases.
    public var hashAlg: QCryptoHashAlgorithm
    /// Where the data begins, in bytes.
    public var payloadOffset: Int64
    /// Iterations of the digest of the master key.
    public var masterKeyIters: Int64
    /// The image's identity.
    public var uuid: String
    /// Its key slots.
    public var slots: [QCryptoBlockInfoLUKSSlot]

    /// Put together from its members.
    public init(
        cipherAlg: QCryptoCipherAlgorithm,
        cipherMode: QCryptoCipherMode,
        ivgenAlg: QCryptoIVGenAlgorithm,
        ivgenHashAlg: QCryptoHashAlgorithm? = nil,
        hashAlg: QCryptoHashAlgorithm,
        payloadOffset: Int64,
        masterKeyIters: Int64,
        uuid: String,
        slots: [QCryptoBlockInfoLUKSSlot]
    ) {
        self.cipherAlg = cipherAlg
        self.cipherMode = cipherMode
        self.ivgenAlg = ivgenAlg
        self.ivgenHashAlg = ivgenHashAlg
        self.hashAlg = hashAlg
        self.payloadOffset = payloadOffset
        self.masterKeyIters = masterKeyIters
        self.uuid = uuid
        self.slots = slots
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cipherAlg = try reader.required("cipher-alg")
        cipherMode = try reader.required("cipher-mode")
        ivgenAlg = try reader.required("ivgen-alg")
        ivgenHashAlg = try reader.optional("ivgen-hash-alg")
        hashAlg = try reader.required("hash-alg")
        payloadOffset = try reader.required("payload-offset")
        masterKeyIters = try reader.required("master-key-iters")
        uuid = try reader.required("uuid")
        slots = try reader.required("slots")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cipher-alg", cipherAlg)
        writer.add("cipher-mode", cipherMode)
        writer.add("ivgen-alg", ivgenAlg)
        writer.add("ivgen-hash-alg", ivgenHashAlg)
        writer.add("hash-alg", hashAlg)
        writer.add("payload-offset", payloadOffset)
        writer.add("master-key-iters", masterKeyIters)
        writer.add("uuid", uuid)
        writer.add("slots", slots)
    }
}

/// A secret, given or in a file.
public struct SecretProperties: SchemaObject, Hashable {
    /// Has no effect.
    public var loaded: Bool?
    /// How it is written down; default raw.
    public var format: QCryptoSecretFormat?
    /// Identifier of the secret that this one is encrypted with; absent if it is not.
    public var keyid: String?
    /// What its cipher starts from, in base 64; needed with `keyid`.
    public var iv: String?
    /// The secret.
    public var data: String?
    /// The file with the secret.
    public var file: String?

    /// Put together from its members.
    public init(
        loaded: Bool? = nil,
        format: QCryptoSecretFormat? = nil,
        keyid: String? = nil,
        iv: String? = nil,
        data: String? = nil,
        file: String? = nil
    ) {
        self.loaded = loaded
        self.format = format
        self.keyid = keyid
        self.iv = iv
        self.data = data
        self.file = file
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        loaded = try reader.optional("loaded")
        format = try reader.optional("format")
        keyid = try reader.optional("keyid")
        iv = try reader.optional("iv")
        data = try reader.optional("data")
        file = try reader.optional("file")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("loaded", loaded)
        writer.add("format", format)
        writer.add("keyid", keyid)
        writer.add("iv", iv)
        writer.add("data", data)
        writer.add("file", file)
    }
}

/// A secret in the kernel's keyring.
public struct SecretKeyringProperties: SchemaObject, Hashable {
    /// Has no effect.
    public var loaded: Bool?
    /// How it is written down; default raw.
    public var format: QCryptoSecretFormat?
    /// Identifier of the secret that this one is encrypted with; absent if it is not.
    public var keyid: String?
    /// What its cipher starts from, in base 64; needed with `keyid`.
    public var iv: String?
    /// The key's number.
    public var serial: Int32

    /// Put together from its members.
    public init(
        loaded: Bool? = nil,
        format: QCryptoSecretFormat? = nil,
        keyid: String? = nil,
        iv: String? = nil,
        serial: Int32
    ) {
        self.loaded = loaded
        self.format = format
        self.keyid = keyid
        self.iv = iv
        self.serial = serial
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        loaded = try reader.optional("loaded")
        format = try reader.optional("format")
        keyid = try reader.optional("keyid")
        iv = try reader.optional("iv")
        serial = try reader.required("serial")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("loaded", loaded)
        writer.add("format", format)
        writer.add("keyid", keyid)
        writer.add("iv", iv)
        writer.add("serial", serial)
    }
}

/// What all TLS credentials have.
public struct TlsCredsProperties: SchemaObject, Hashable {
    /// Whether the other end has to prove who it is; default true.
    public var verifyPeer: Bool?
    /// The directory with the keys and certificates.
    public var dir: String?
    /// Which end of a connection they are for; default client.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// Which versions and ciphers are allowed, in the words of GnuTLS; default the host's.
    public var priority: String?

    /// Put together from its members.
    public init(
        verifyPeer: Bool? = nil,
        dir: String? = nil,
        endpoint: QCryptoTLSCredsEndpoint? = nil,
        priority: String? = nil
    ) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("verify-peer", verifyPeer)
        writer.add("dir", dir)
        writer.add("endpoint", endpoint)
        writer.add("priority", priority)
    }
}

/// Encryption without proof of identity.
public struct TlsCredsAnonProperties: SchemaObject, Hashable {
    /// Whether the other end has to prove who it is; default true.
    public var verifyPeer: Bool?
    /// The directory with the keys and certificates.
    public var dir: String?
    /// Which end of a connection they are for; default client.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// Which versions and ciphers are allowed, in the words of GnuTLS; default the host's.
    public var priority: String?
    /// Has no effect.
    public var loaded: Bool?

    /// Put together from its members.
    public init(
        verifyPeer: Bool? = nil,
        dir: String? = nil,
        endpoint: QCryptoTLSCredsEndpoint? = nil,
        priority: String? = nil,
        loaded: Bool? = nil
    ) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
        self.loaded = loaded
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
        loaded = try reader.optional("loaded")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("verify-peer", verifyPeer)
        writer.add("dir", dir)
        writer.add("endpoint", endpoint)
        writer.add("priority", priority)
        writer.add("loaded", loaded)
    }
}

/// A key that both ends know, in the file keys.psk.
public struct TlsCredsPskProperties: SchemaObject, Hashable {
    /// Whether the other end has to prove who it is; default true.
    public var verifyPeer: Bool?
    /// The directory with the keys and certificates.
    public var dir: String?
    /// Which end of a connection they are for; default client.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// Which versions and ciphers are allowed, in the words of GnuTLS; default the host's.
    public var priority: String?
    /// Has no effect.
    public var loaded: Bool?
    /// The name under which a client looks up its key; default "qemu".
    public var username: String?

    /// Put together from its members.
    public init(
        verifyPeer: Bool? = nil,
        dir: String? = nil,
        endpoint: QCryptoTLSCredsEndpoint? = nil,
        priority: String? = nil,
        loaded: Bool? = nil,
        username: String? = nil
    ) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
        self.loaded = loaded
        self.username = username
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
        loaded = try reader.optional("loaded")
        username = try reader.optional("username")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("verify-peer", verifyPeer)
        writer.add("dir", dir)
        writer.add("endpoint", endpoint)
        writer.add("priority", priority)
        writer.add("loaded", loaded)
        writer.add("username", username)
    }
}

/// Certificates, in the files ca-cert.pem, server-cert.pem, server-key.pem, client-cert.pem and client-key.pem.
public struct TlsCredsX509Properties: SchemaObject, Hashable {
    /// Whether the other end has to prove who it is; default true.
    public var verifyPeer: Bool?
    /// The directory with the keys and certificates.
    public var dir: String?
    /// Which end of a connection they are for; default client.
    public var endpoint: QCryptoTLSCredsEndpoint?
    /// Which versions and ciphers are allowed, in the words of GnuTLS; default the host's.
    public var priority: String?
    /// Has no effect.
    public var loaded: Bool?
    /// Whether the certificates are checked when they are read; default true.
    public var sanityCheck: Bool?
    /// Identifier of the secret that the key is encrypted with.
    public var passwordid: String?

    /// Put together from its members.
    public init(
        verifyPeer: Bool? = nil,
        dir: String? = nil,
        endpoint: QCryptoTLSCredsEndpoint? = nil,
        priority: String? = nil,
        loaded: Bool? = nil,
        sanityCheck: Bool? = nil,
        passwordid: String? = nil
    ) {
        self.verifyPeer = verifyPeer
        self.dir = dir
        self.endpoint = endpoint
        self.priority = priority
        self.loaded = loaded
        self.sanityCheck = sanityCheck
        self.passwordid = passwordid
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        verifyPeer = try reader.optional("verify-peer")
        dir = try reader.optional("dir")
        endpoint = try reader.optional("endpoint")
        priority = try reader.optional("priority")
        loaded = try reader.optional("loaded")
        sanityCheck = try reader.optional("sanity-check")
        passwordid = try reader.optional("passwordid")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("verify-peer", verifyPeer)
        writer.add("dir", dir)
        writer.add("endpoint", endpoint)
        writer.add("priority", priority)
        writer.add("loaded", loaded)
        writer.add("sanity-check", sanityCheck)
        writer.add("passwordid", passwordid)
    }
}
