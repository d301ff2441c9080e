import ByteCoding

/// What every `prepareLoad` does: read fields, and refuse values that cannot be.
extension DeviceStateError {
    /// Runs `body` and turns its reading errors into `.malformed`.
    public static func decoding<Result>(
        _ body: () throws(ByteCodingError) -> Result
    ) throws(DeviceStateError) -> Result {
        do { return try body() } catch { throw .malformed(error) }
    }

    /// Throws `.invalid` unless `field`, whose value is `value`, is as it must be.
    public static func require(
        _ holds: Bool, _ field: String, _ value: some CustomStringConvertible
    ) throws(DeviceStateError) {
        guard holds else { throw .invalid(field: field, value: value.description) }
    }
}
