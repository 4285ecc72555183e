"""The policies that ship, one file each."""
