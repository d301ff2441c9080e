/// Virtio devices over the MMIO transport, version 2.
