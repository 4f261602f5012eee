"""The figures, one idea in each file. Each function takes the study and its statistics, and yields blocks of the
document.
"""
