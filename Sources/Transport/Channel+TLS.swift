public import Environment

extension Channel {
    /// A channel over the same connection on which everything is enciphered, once both sides have come to terms and the
    /// peer is who it should be. Blocks for `limit` at most, however slowly the peer goes on; `cancellation` and
    /// `shutDown` end it. Throws `.tls` if it comes to nothing; then this channel is good for nothing but to be ended.
    ///
    /// Nothing may have been read or written before. The two are one connection: ending either ends both.
    public func secured(
        as end: TLSEnd, cancellation: Cancellation, within limit: Nanoseconds
    ) throws(TransportError) -> Channel {
        guard canReceive else { throw .tls(.oneWay) }
        let session = try TLSSession(over: wire, as: end)
        try session.handshake(within: limit, cancellation: cancellation) { isShutDown }
        try session.checkPeer()
        let channel = Channel(.tls(TLSWire(session)), name: name)
        channel.stallDeadline = stallDeadline
        return channel
    }

    /// Version and cipher ("TLS1.3 AES-128-GCM"); nil if everybody can read what it carries.
    public var encryption: String? { if case .tls(let wire) = wire { wire.agreement } else { nil } }
}
