"""All errors of Vitrine. Every message says what happened, to which object, and what to do.

VitrineError
├── SettingsError           a setting is missing or invalid
├── MissingPackageError     a task needs a Python package that its worker does not have
├── PreflightError          something that the DAGs need is missing on Google Cloud
├── TooManyBatchesError     batch_size is too small for so many images
├── PlanTooLongError        a plan outlives the rows that it needs
├── TurnLostError           another run has taken the turn, or the lease
├── BusyError               a run of embed_images works on what a teardown would drop
├── BatchFailedError        the BigQuery job of a batch failed as a whole
├── ModelBrokenError        the model or a permission is broken, not the images
├── MassDeleteError         more published images are gone from the bucket than one run may remove
├── IndexDisabledError      BigQuery has disabled the vector index
├── IndexNotFilledError     the vector index was not filled in time
├── IndexNotRebuiltError    BigQuery could not rebuild the vector index, or has too often today
├── RecallTooLowError       searches with the vector index miss too many of the nearest images
├── RefusedError            the model gave no vector for what a person searches for
├── DeadlineMissedError     a scheduled run was not complete in time
├── AirflowSilentError      Airflow's own API does not answer a page's question about runs
├── InputError              a page or a run was given input that cannot work
└── IncompleteRunError      planned images are neither published, quarantined nor gone, or a task failed
"""

from __future__ import annotations

from airflow.sdk import exceptions


class VitrineError(Exception):
    """Base class of everything that Vitrine itself refuses or finds to be wrong."""


class SettingsError(VitrineError):
    """A setting is missing or invalid."""


class MissingPackageError(VitrineError):
    """A task needs a Python package that its worker does not have."""


class PreflightError(VitrineError):
    """A permission, a service, a location or a bucket that the DAGs need is missing on Google Cloud."""


class TooManyBatchesError(VitrineError):
    """batch_size is too small for so many images."""


class PlanTooLongError(VitrineError):
    """A plan outlives the rows that it needs: the quota cannot finish it before they expire."""


class TurnLostError(VitrineError):
    """Another run has the turn or the lease, which this one has had or has never taken."""


class BusyError(VitrineError):
    """A run of embed_images works on what a teardown would drop."""


class BatchFailedError(VitrineError):
    """The BigQuery job of a batch failed as a whole; its calls may have been billed."""


class ModelBrokenError(VitrineError):
    """Too many answers are terminal, and the model no longer embeds what it has embedded before."""


class MassDeleteError(VitrineError):
    """More published images are gone from the bucket than one run may remove."""


class IndexDisabledError(VitrineError):
    """BigQuery has disabled the vector index; a person has to act."""


class IndexNotFilledError(VitrineError, exceptions.AirflowSensorTimeout):
    """The vector index was not filled in time."""


class IndexNotRebuiltError(VitrineError):
    """BigQuery could not rebuild the vector index, or has rebuilt it too often within a day."""


class RecallTooLowError(VitrineError):
    """Searches with the vector index miss too many of the nearest images."""


class InputError(VitrineError):
    """A page or a run was given input that cannot work."""


class RefusedError(VitrineError):
    """The model gave no vector for what a person searches for."""


class DeadlineMissedError(VitrineError):
    """A scheduled run was not complete in time."""


class IncompleteRunError(VitrineError):
    """Planned images are neither published, quarantined nor gone from the bucket, or a task failed."""


class AirflowSilentError(VitrineError):
    """Airflow's own API does not answer a page's question about runs."""
