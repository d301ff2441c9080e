// Tests of PacketPath.
