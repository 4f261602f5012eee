"""The document as files: HTML, PDF, Markdown, LaTeX."""
