import QMP

/// What a client is told of a refusal by a module that knows no management protocol. Its error describes itself in the
/// words that clients of QEMU know; most have no class of their own.
extension CommandError {
    init(answering error: any Error) {
        switch error {
        case let error as CommandError: self = error
        default: self.init(.generic, "\(error)")
        }
    }
}

/// Runs `body`, the work of a command, and turns its errors into answers.
func answering<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(CommandError) -> Result {
    do throws(Failure) { return try body() } catch { throw CommandError(answering: error) }
}
