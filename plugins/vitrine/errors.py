"""What can go wrong, as one small tree. Every message says what happened, to which object, and what to do.

VitrineError
├── SettingsError           a VITRINE_* setting is missing or cannot work
├── TooManyBatchesError     batch_size is too small for so many images
├── BatchTooLargeError      batch_size is too large for the quota of the model
├── TurnLostError           another run of embed_images works since this one did
├── BatchFailedError        the BigQuery job of a batch failed as a whole
├── MassDeleteError         more published images are gone from the bucket than may go at once
├── IndexDisabledError      BigQuery has disabled the vector index
├── IndexNotFilledError     the vector index was not filled in the time allowed
├── IndexNotRebuiltError    BigQuery could not rebuild the vector index, or has too often today
├── RecallTooLowError       searches with the vector index miss too many of the nearest images
├── InputError              what was typed into a page cannot be asked
└── IncompleteRunError      planned images are neither published, quarantined nor gone, or a task failed
"""

from __future__ import annotations


class VitrineError(Exception):
    """Anything Vitrine itself refuses or finds wrong."""


class SettingsError(VitrineError):
    """A VITRINE_* setting is missing or cannot work."""


class TooManyBatchesError(VitrineError):
    """batch_size is too small for so many images."""


class BatchTooLargeError(VitrineError):
    """batch_size is too large: the quota cannot finish such a batch within one query's time."""


class TurnLostError(VitrineError):
    """Another run of embed_images has had its turn since this one had."""


class BatchFailedError(VitrineError):
    """The BigQuery job of a batch failed as a whole; the calls it made may have been paid."""


class MassDeleteError(VitrineError):
    """More published images are gone from the bucket than may go at once."""


class IndexDisabledError(VitrineError):
    """BigQuery has disabled the vector index; a person has to act."""


class IndexNotFilledError(VitrineError):
    """The vector index was not filled in the time allowed."""


class IndexNotRebuiltError(VitrineError):
    """BigQuery could not rebuild the vector index, or has rebuilt it too often within a day."""


class RecallTooLowError(VitrineError):
    """Searches with the vector index miss too many of the nearest images."""


class InputError(VitrineError):
    """What was typed into a page cannot be asked of BigQuery."""


class IncompleteRunError(VitrineError):
    """Planned images are neither published, quarantined nor gone from the bucket, or a task failed."""
