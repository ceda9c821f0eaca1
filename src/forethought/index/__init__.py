"""Embeddings to hits: folders of pictures that can be searched."""

from forethought.index.contract import Contract, read_contract
from forethought.index.folder import FolderIndex, PictureEncoder, place
from forethought.index.pictures import Listing, Picture, Unreadable, list_pictures
from forethought.index.refresh import Refreshed

__all__ = [
    "Contract",
    "FolderIndex",
    "Listing",
    "Picture",
    "PictureEncoder",
    "Refreshed",
    "Unreadable",
    "list_pictures",
    "place",
    "read_contract",
]
