//! `report.html`: one self-contained file.
