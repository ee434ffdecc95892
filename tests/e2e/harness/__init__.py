"""The machinery of the end-to-end tests, a subject a module."""
