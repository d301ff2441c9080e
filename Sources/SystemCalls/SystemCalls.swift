// SystemCalls: what Linux offers, with owners and typed errors.
//
// Each wrapper names its system call, owns what it opened (`Descriptor`, `MemoryMapping`, `Thread`, `ChildProcess`) and
// throws a `SystemError` that tells the call and what it was done to. Everything that can wait takes a deadline of
// `SystemClock`. Nothing in here knows what a guest is.
