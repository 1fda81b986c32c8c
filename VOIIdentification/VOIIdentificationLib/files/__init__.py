"""Volumes and point lists in files, written all or nothing."""
