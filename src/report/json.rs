//! `report.json`.
