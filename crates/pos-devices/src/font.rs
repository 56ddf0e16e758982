//! The font of PDF receipts and of what printers must draw: DejaVu Sans Mono, which has the accents of French, the
//! narrow no-break space and the alphabets of Europe. Its licence lies beside it.

pub(crate) const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansMono.ttf");
pub(crate) const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansMono-Bold.ttf");
/// Advance of every glyph, in em (1233 of 2048 units).
pub(crate) const ADVANCE: f32 = 0.602_05;
