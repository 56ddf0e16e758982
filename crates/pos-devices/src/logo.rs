//! The shop's sign above its receipts: a picture made small, grey for a page and black and white for a printer.

use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{ExtendedColorType, ImageEncoder};
use serde::Serialize;

use crate::layout::PaperWidth;
use crate::picture::{self, PictureFault};
use crate::raster::Bitmap;

/// Widest sign in dots, 36 mm: it fits the narrow paper and leaves the wide one its margins.
const MAX_WIDTH: u32 = 288;
/// Highest sign in dots, 20 mm.
const MAX_HEIGHT: u32 = 160;
/// Black, as a dot of a printer.
const BLACK: u8 = 255;

/// A sign, ready for any paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Logo {
    /// In dots.
    pub(crate) width: u32,
    /// In dots.
    pub(crate) height: u32,
    /// From top left, 0 for black, one byte a dot.
    #[serde(skip)]
    pub(crate) grey: Vec<u8>,
}

impl Logo {
    /// The sign of a picture's file (JPEG, PNG or WebP), as large as its places are.
    ///
    /// # Errors
    /// See [`PictureFault`].
    pub fn of(file: &[u8]) -> Result<Self, PictureFault> {
        let picture = picture::read(file)?;
        let fits = picture.width() <= MAX_WIDTH && picture.height() <= MAX_HEIGHT;
        let small = if fits { picture } else { picture.resize(MAX_WIDTH, MAX_HEIGHT, FilterType::Lanczos3) };
        let small = small.to_luma8();
        Ok(Self { width: small.width(), height: small.height(), grey: small.into_raw() })
    }

    /// The sign as a small PNG file in sixteen greys, to be kept; [`Logo::of`] reads it back.
    ///
    /// # Errors
    /// [`PictureFault::Damaged`] when it cannot be written.
    pub fn to_png(&self) -> Result<Vec<u8>, PictureFault> {
        let greys: Vec<u8> = self.grey.iter().map(|grey| (grey >> 4) * 17).collect();
        let mut file = Vec::new();
        PngEncoder::new_with_quality(&mut file, CompressionType::Best, PngFilter::Adaptive)
            .write_image(&greys, self.width, self.height, ExtendedColorType::L8)
            .map_err(PictureFault::Damaged)?;
        Ok(file)
    }

    /// Black and white, in the middle of the paper. Grey becomes a pattern by spreading each dot's error to its
    /// neighbours (Floyd and Steinberg, 1976).
    pub(crate) fn to_bitmap(&self, paper: PaperWidth) -> Option<Bitmap> {
        let (width, dots) = (usize::try_from(self.width).ok()?, paper.dots());
        let left = dots.saturating_sub(width) / 2;
        let mut burnt = Vec::with_capacity(self.grey.len());
        let mut owed = vec![0_i32; width + 2];
        for row in self.grey.chunks(width.max(1)) {
            let mut below = vec![0_i32; width + 2];
            let mut line = vec![0; dots];
            let mut right = 0;
            for (x, grey) in row.iter().enumerate() {
                let wanted = i32::from(*grey) + (right + owed.get(x + 1).copied().unwrap_or(0)) / 16;
                let is_black = wanted < 128;
                let error = wanted - if is_black { 0 } else { 255 };
                right = error * 7;
                for (at, part) in [(x, 3), (x + 1, 5), (x + 2, 1)] {
                    if let Some(sum) = below.get_mut(at) {
                        *sum += error * part;
                    }
                }
                if let Some(dot) = line.get_mut(left + x).filter(|_| is_black) {
                    *dot = BLACK;
                }
            }
            owed = below;
            burnt.extend(line);
        }
        Bitmap::pack(&burnt, dots)
    }
}
