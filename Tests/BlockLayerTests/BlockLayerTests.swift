// Tests of BlockLayer.
