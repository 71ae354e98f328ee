"""The benchmarks on real servers."""
