"""Every way a run can end, with its exit code (docs/errors.md) and a message for a person.

Library code raises these and never prints or exits; `cli.main` is the one place that turns them
into a line on stderr and an exit code.
"""

from __future__ import annotations


class FacesError(Exception):
    """Base class. `str(error)` names the file, the reason and what to do."""

    exit_code = 1


class UsageError(FacesError):
    """The options make no sense together, or name something that does not exist."""

    exit_code = 2


class LockedError(FacesError):
    """Another run holds the lock; the message names it."""

    exit_code = 3


class RamLimitReached(FacesError):
    """The machine's memory is fuller than the limit. What was done is stored."""

    exit_code = 4


class TimeLimitReached(FacesError):
    """The time limit passed. What was done is stored."""

    exit_code = 5


class NothingReadable(FacesError):
    """The album has photos, and not one of them could be read."""

    exit_code = 6


class WeightsMissing(FacesError):
    """A detector or model cannot be loaded: its weights, package or memory are missing."""

    exit_code = 7


class PartlyFailed(FacesError):
    """The run is done, but some photos or folders failed; each is named in the log and the report."""

    exit_code = 8


class StopRequested(FacesError):
    """SIGTERM, Ctrl-C or a stop request. What was done is stored."""

    exit_code = 9


class ConsentLost(StopRequested):
    """The channel removed the app while a run was at work on it: nothing more is written there."""


class DataFileError(FacesError):
    """One of our data files cannot be used."""

    exit_code = 10


class ForeignFile(DataFileError):
    """A file of our name that is not ours, or of a newer format: left alone, and its folder with it."""


class DamagedFile(DataFileError):
    """A file of ours that is torn or garbled: set aside, never overwritten."""


class PickleRefused(DataFileError):
    """A Python pickle where our Parquet should be: never loaded; detection replaces it."""


class StorageError(FacesError):
    """A file or folder cannot be written (full disk, read-only, no rights)."""

    exit_code = 11


class DiskFull(StorageError):
    """No room is left: there is no point in going on."""


class ChangedMeanwhile(FacesError):
    """Somebody else wrote a file between our reading and our writing of it; it was left as it is."""


class PackageMissing(FacesError):
    """A Python package that this command needs is not installed."""

    exit_code = 12


class PhotoError(FacesError):
    """One photo cannot be read or processed. Recorded with its reason; the run goes on."""


class DeadlyPhoto(PhotoError):
    """The program died again and again while working on this photo: it is not tried again by itself."""


class DetectorError(PhotoError):
    """A detector or model failed on one photo, or returned nonsense."""


class ClusterLost(FacesError):
    """The Dask cluster that was to look at the photos does not answer, or not any more. What was done is stored."""

    exit_code = 14


class DatabaseError(FacesError):
    """The hub's database cannot be used: away for too long, access denied, or not a hub's. What was done is stored on
    disk; rows that could not follow are mended at the next run."""

    exit_code = 13
