"""Named sources of shops, one file each."""
