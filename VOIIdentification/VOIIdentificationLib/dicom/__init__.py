"""PET series in DICOM files: found, read, described, checked, written."""
