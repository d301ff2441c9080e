import ByteCoding
import MachineModel

/// Runs `body` and turns its reading errors into the error of a refused state.
func decodingState<Result>(
    _ body: () throws(ByteCodingError) -> Result
) throws(DeviceStateError) -> Result {
    do { return try body() } catch { throw .malformed(error) }
}

/// Refuses a state whose `field` is not as it must be.
func requireState(_ holds: Bool, _ field: String, _ value: some CustomStringConvertible) throws(DeviceStateError) {
    guard holds else { throw .invalid(field: field, value: value.description) }
}
