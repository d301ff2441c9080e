import ManagedObjects
import QMP

/// What a client is told of a refusal by a module that knows no management protocol. Their errors describe themselves in
/// the words that clients of QEMU know; what such a module cannot know is the class.
extension CommandError {
    init(answering error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case ObjectError.noSuchPath: self.init(.deviceNotFound, "\(error)")
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
