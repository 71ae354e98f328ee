"""The pages, one file for each thing that people do. None of them knows how another works."""
