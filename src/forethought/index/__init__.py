"""Folders of pictures as searchable indexes of document vectors."""

from forethought.index.contract import Contract
from forethought.index.folder_index import FolderIndex, index_dir
from forethought.index.listing import (
    Listing,
    PictureFile,
    SkippedFile,
    check_folder,
    list_pictures,
)
from forethought.index.passed_over import describe_kinds
from forethought.index.picture_encoder import PictureEncoder
from forethought.index.refresh import RefreshResult
from forethought.index.snapshot import has_snapshot

__all__ = [
    "Contract",
    "FolderIndex",
    "Listing",
    "PictureEncoder",
    "PictureFile",
    "RefreshResult",
    "SkippedFile",
    "check_folder",
    "describe_kinds",
    "has_snapshot",
    "index_dir",
    "list_pictures",
]
