"""Folders of pictures as searchable indexes of document vectors."""

from forethought.index.contract import Contract
from forethought.index.folder_index import FolderIndex, PictureEncoder, index_dir
from forethought.index.listing import Listing, PictureFile, SkippedFile, list_pictures
from forethought.index.refresh import RefreshResult

__all__ = [
    "Contract",
    "FolderIndex",
    "Listing",
    "PictureEncoder",
    "PictureFile",
    "RefreshResult",
    "SkippedFile",
    "index_dir",
    "list_pictures",
]
