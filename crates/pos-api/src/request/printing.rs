//! What is asked of printers: jobs, labels, and the sign above receipts.

use pos_app::view::{LabelPaper, LabelsOf};
use serde::Deserialize;
use ts_rs::TS;

/// `print.retry`, `print.cancel`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OnePrintJob {
    /// Which.
    pub job_no: i64,
}

/// `label.save`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SaveLabels {
    /// Of which products, how many.
    pub labels: Vec<LabelsOf>,
    /// What for.
    pub paper: LabelPaper,
    /// Where to; none for the data folder.
    pub path: Option<String>,
}

/// `label.print`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PrintLabels {
    /// Of which products, how many.
    pub labels: Vec<LabelsOf>,
}

/// `shop.set_logo`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetLogo {
    /// Base64 of a JPEG, PNG or WebP file; none takes the sign away.
    pub data: Option<String>,
}
