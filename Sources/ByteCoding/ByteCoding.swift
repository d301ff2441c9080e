// ByteCoding: integers, text and raw bytes to bytes and back, in the order of the wire.
//
// `ByteReader` checks every read against what is left and owns a copy of what it reads, so a peer or guest that sends
// nonsense gets an error with the offset, and one that changes its mind afterwards changes nothing. `ByteWriter` collects
// bytes for a file, a stream or a section. Neither knows what the bytes mean.
