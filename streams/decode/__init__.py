"""Sentences in, columns out."""
