"""What can go wrong, as one small tree. Every message says what happened, to which object, and what to do.

VitrineError
├── SettingsError           a VITRINE_* setting is missing or cannot work
├── QueryNotEmbeddedError   the model gave no vector for the words of a search
├── IndexDisabledError      BigQuery has disabled the vector index
├── IndexNotFilledError     the vector index was not filled in the time allowed
└── IncompleteRunError      images were planned that are neither published, quarantined nor gone
"""

from __future__ import annotations


class VitrineError(Exception):
    """Anything Vitrine itself refuses or finds wrong."""


class SettingsError(VitrineError):
    """A VITRINE_* setting is missing or cannot work."""


class QueryNotEmbeddedError(VitrineError):
    """The model gave no vector for the words of a search."""


class IndexDisabledError(VitrineError):
    """BigQuery has disabled the vector index; a person has to act."""


class IndexNotFilledError(VitrineError):
    """The vector index was not filled in the time allowed."""


class IncompleteRunError(VitrineError):
    """Images were planned that are neither published, quarantined nor gone from the bucket."""
