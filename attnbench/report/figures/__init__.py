"""The figures, one idea a file: each function takes the study and its statistics, and yields blocks of the document."""
