extension Hart {
    /// Executes a computation on floating-point registers; false with an exception noted.
    @inline(never)
    func executeFloat(_ word: UInt32) -> Bool {
        return raise(ExceptionCause.illegalInstruction, UInt64(word))
    }
}
