// Tests of PlatformDevices.
