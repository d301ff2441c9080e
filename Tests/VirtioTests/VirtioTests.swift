// Tests of Virtio.
