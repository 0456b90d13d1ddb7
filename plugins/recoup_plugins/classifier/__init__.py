"""The built-in classifier: knows the errors of Python and of the usual clients, without importing any of them."""

from recoup_plugins.classifier.plugin import Classifier

__all__ = ["Classifier"]
