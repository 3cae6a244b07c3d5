import ArgumentParser
struct Benchmark: ParsableCommand {}
