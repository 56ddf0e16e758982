//! What cameras and strangers give, made into pictures of products.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use pos_devices::picture::{MAX_FILE_BYTES, MAX_SIDE_PX, PictureFault, may_be_shown, product_picture};
use pos_domain::MediaType;

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    DynamicImage::from(RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 { Rgb([220, 0, 0]) } else { Rgb([0, 0, 220]) }
    }))
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn shown(picture: &[u8]) -> RgbImage {
    assert_eq!(MediaType::of(picture), Some(MediaType::Jpeg), "every picture leaves as a JPEG");
    image::load_from_memory_with_format(picture, ImageFormat::Jpeg).unwrap().to_rgb8()
}

fn is_red(pixel: &Rgb<u8>) -> bool {
    pixel.0[0] > 150 && pixel.0[2] < 90
}

/// A JPEG as a telephone writes it: with what it knows of the picture in front, such as how it was held.
fn with_exif(jpeg: &[u8], orientation: u8, remark: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(remark);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend(length);
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn a_large_photograph_becomes_a_small_one_of_the_same_shape() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let made = product_picture(&file(&halves(1_600, 800), format)).unwrap();
        let shown = shown(&made);
        assert_eq!((shown.width(), shown.height()), (MAX_SIDE_PX, MAX_SIDE_PX / 2), "{format:?}");
        assert!(is_red(shown.get_pixel(20, 20)) && !is_red(shown.get_pixel(490, 20)), "{format:?}");
        assert!(made.len() < 60_000, "{format:?}: {} bytes", made.len());
    }
    let small = shown(&product_picture(&file(&halves(40, 60), ImageFormat::Png)).unwrap());
    assert_eq!((small.width(), small.height()), (40, 60), "a small one is not blown up");
}

#[test]
fn a_picture_stands_as_its_camera_was_held_and_says_nothing_of_the_camera() {
    let place = b"GPS 9.5370 N 13.6785 W, telephone of Aissatou";
    let upright = with_exif(&file(&halves(80, 40), ImageFormat::Jpeg), 6, place);
    let made = product_picture(&upright).unwrap();
    let shown = shown(&made);
    assert_eq!((shown.width(), shown.height()), (40, 80), "turned by a quarter");
    assert!(is_red(shown.get_pixel(20, 5)), "what was left is on top");
    assert!(!made.windows(4).any(|window| window == b"GPS "), "where it was taken is nobody's business");
    assert!(!made.windows(4).any(|window| window == b"Exif"));
}

#[test]
fn what_is_transparent_is_white() {
    let mut clear = RgbaImage::from_pixel(32, 32, Rgba([0, 0, 0, 0]));
    clear.put_pixel(0, 0, Rgba([0, 0, 0, 255]));
    let shown = shown(&product_picture(&file(&clear.into(), ImageFormat::Png)).unwrap());
    assert!(shown.get_pixel(20, 20).0.iter().all(|part| *part > 245), "{:?}", shown.get_pixel(20, 20));
}

#[test]
fn the_same_file_is_the_same_picture_on_every_register() {
    let photograph = file(&halves(900, 700), ImageFormat::Jpeg);
    assert_eq!(product_picture(&photograph).unwrap(), product_picture(&photograph).unwrap());
}

/// A PNG's head that claims so many pixels, with nothing behind it.
fn wall(width: u32, height: u32) -> Vec<u8> {
    let mut head = b"IHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&head);
    bytes.extend(crc32(&head).to_be_bytes());
    bytes.extend(b"\0\0\0\x04IDAT\0\0\0\0\0\0\0\0");
    bytes
}

/// The checksum of a PNG's parts (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[test]
fn whatever_is_no_picture_is_refused_and_what_is_one_is_made_anew() {
    let fault = |bytes: &[u8]| product_picture(bytes).unwrap_err().code();
    for stranger in
        [&b""[..], b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", b"GIF89a...."]
    {
        assert_eq!(fault(stranger), "not_a_picture", "{stranger:?}");
    }
    assert_eq!(fault(&vec![0xFF; MAX_FILE_BYTES + 1]), "file_too_large");
    for (width, height) in [(30_000, 30_000), (12_001, 1), (11_999, 11_999), (u32::MAX / 2, 2)] {
        let refused = product_picture(&wall(width, height));
        assert!(
            matches!(refused, Err(PictureFault::TooManyPixels { .. } | PictureFault::Damaged(_))),
            "{width} x {height} is not unpacked"
        );
    }
    assert!(!may_be_shown(&wall(513, 1)), "nor shown when another register let it through");
    assert!(!may_be_shown(b"<svg/>") && !may_be_shown(&[0xFF, 0xD8, 0xFF, 0xE0]));
    let whole = file(&halves(300, 300), ImageFormat::Png);
    assert!(may_be_shown(&whole));
    for cut in [8, 20, 40, whole.len() / 2] {
        assert_eq!(fault(&whole[..cut]), "damaged", "cut after {cut} bytes");
    }
    let script = [&file(&halves(30, 30), ImageFormat::Jpeg)[..], b"<script>alert(1)</script>"].concat();
    let made = product_picture(&script).unwrap();
    assert!(!made.windows(8).any(|window| window == b"<script>"), "only pixels get through");
}
