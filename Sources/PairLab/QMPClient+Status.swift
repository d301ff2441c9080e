import QAPI
import QMP

extension QMPClient {
    /// What the colod says about itself and its pair (`x-colod-status`).
    public func status(within limit: Duration = .seconds(5)) throws -> ColodStatus {
        let reply = try execute("x-colod-status", within: limit)
        guard let status = ColodStatus(reply: reply) else {
            throw LabError("x-colod-status was answered with \(reply.text())")
        }
        return status
    }

    /// Whether the guest's vCPUs turn here (`query-status`).
    public func guestRuns(within limit: Duration = .seconds(5)) throws -> Bool {
        try execute("query-status", within: limit)["running"]?.boolean ?? false
    }
}
