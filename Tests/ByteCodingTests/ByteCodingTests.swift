// Tests of ByteCoding.
