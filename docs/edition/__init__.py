"""The web edition: makes Sphinx' pages of the notebooks, the package and the other documents."""
