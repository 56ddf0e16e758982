//! What a camera or a file gives, made into a picture of a product.
//!
//! Every picture leaves this module as a JPEG of at most [`MAX_SIDE_PX`] pixels a side, upright, on white, with nothing
//! of the file it came from but its pixels: no place, no time, no serial number of a telephone. What is not a picture,
//! or unpacks to more than one, is refused before it is unpacked. Knows no product and no folder.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader,
    Limits, RgbImage,
};
use pos_domain::MediaType;
use thiserror::Error;

/// Most bytes of a file that is taken, 12 MiB: a photograph of a telephone has 3 to 10.
pub const MAX_FILE_BYTES: usize = 12 * 1024 * 1024;
/// Longest side of a product's picture, in pixels: the largest place for one is 300 wide, and screens have two pixels
/// to one.
pub const MAX_SIDE_PX: u32 = 512;
/// Most pixels a side of a file that is taken: cameras of 100 megapixels have 12,000.
const MAX_FILE_SIDE_PX: u32 = 12_000;
/// Most bytes of a picture while it is unpacked, 256 MiB: 64 megapixels in colour with room for transparency.
const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// JPEG quality: above it files grow faster than anybody sees.
const QUALITY: u8 = 82;

/// Why a file became no picture.
#[derive(Debug, Error)]
pub enum PictureFault {
    /// More bytes than [`MAX_FILE_BYTES`].
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    FileTooLarge,
    /// Neither JPEG nor PNG nor WebP.
    #[error("the file is no JPEG, PNG or WebP picture")]
    NotAPicture,
    /// It would unpack to more than a till has room for.
    #[error("the picture has {width} x {height} pixels")]
    TooManyPixels {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// It begins like a picture and is none.
    #[error("the picture is damaged")]
    Damaged(#[source] ImageError),
}

impl PictureFault {
    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FileTooLarge => "file_too_large",
            Self::NotAPicture => "not_a_picture",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::Damaged(_) => "damaged",
        }
    }
}

/// A product's picture of a file. Takes up to a second for a large photograph: not for a thread that others wait for.
///
/// # Errors
/// See [`PictureFault`].
pub fn product_picture(file: &[u8]) -> Result<Vec<u8>, PictureFault> {
    let upright = upright(file)?;
    let small = if upright.width() > MAX_SIDE_PX || upright.height() > MAX_SIDE_PX {
        upright.thumbnail(MAX_SIDE_PX, MAX_SIDE_PX)
    } else {
        upright
    };
    let flat = on_white(&small);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(flat.as_raw(), flat.width(), flat.height(), ExtendedColorType::Rgb8)
        .map_err(PictureFault::Damaged)?;
    Ok(bytes)
}

/// The pixels of a file as it is meant to be seen, on white.
pub(crate) fn read(file: &[u8]) -> Result<DynamicImage, PictureFault> {
    Ok(DynamicImage::ImageRgb8(on_white(&upright(file)?)))
}

fn upright(file: &[u8]) -> Result<DynamicImage, PictureFault> {
    if file.len() > MAX_FILE_BYTES {
        return Err(PictureFault::FileTooLarge);
    }
    let media_type = MediaType::of(file).ok_or(PictureFault::NotAPicture)?;
    unpack(file, format_of(media_type))
}

/// Whether a picture that came from elsewhere may be shown: its first bytes say what it is, and it unpacks to no more than
/// any that is made here. Looks at its head only.
pub fn may_be_shown(picture: &[u8]) -> bool {
    let bounded = |(width, height): (u32, u32)| width.max(height) <= MAX_SIDE_PX;
    let format = MediaType::of(picture).map(format_of);
    let read = format.map(|format| ImageReader::with_format(Cursor::new(picture), format).into_dimensions());
    matches!(read, Some(Ok(size)) if bounded(size))
}

const fn format_of(media_type: MediaType) -> ImageFormat {
    match media_type {
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::WebP => ImageFormat::WebP,
    }
}

/// The pixels of a file, turned as its camera was held.
fn unpack(file: &[u8], format: ImageFormat) -> Result<DynamicImage, PictureFault> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(PictureFault::Damaged)?;
    let (width, height) = decoder.dimensions();
    // Asked before a byte is unpacked: a few hundred bytes may claim to be a wall.
    if width.max(height) > MAX_FILE_SIDE_PX || decoder.total_bytes() > MAX_UNPACKED_BYTES {
        return Err(PictureFault::TooManyPixels { width, height });
    }
    // A picture whose remark about its orientation is unreadable is shown as it lies.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(PictureFault::Damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Without transparency: what shows through is white, as the paper of a catalogue.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let clear = picture.to_rgba8();
    let mut flat = RgbImage::new(clear.width(), clear.height());
    for (to, from) in flat.pixels_mut().zip(clear.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            u8::try_from((colour * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(red), over(green), over(blue)];
    }
    flat
}
