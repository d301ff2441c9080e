// Tests of EngineRISCV.
