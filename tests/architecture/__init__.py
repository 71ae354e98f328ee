"""The house has walls: rooms, sizes, words, slices."""
