//! The fonts inside this program, for PDF and for what printers must draw. DejaVu Sans Mono sets the text, in straight
//! columns; what it lacks is taken from the first of the others that has it: Arabic, N'Ko, Hebrew and signs from DejaVu
//! Sans, Adlam and emoji from Noto. Their licences lie beside them. A letter of none of them is a box.

use std::sync::LazyLock;

use skrifa::{FontRef, MetadataProvider};

/// Advance of every glyph of the monospaced faces, in em (1233 of 2048 units).
pub(crate) const ADVANCE: f32 = 0.602_05;

/// One of the fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Mono,
    MonoBold,
    Sans,
    Adlam,
    Emoji,
}

impl Face {
    /// Every face.
    pub(crate) const ALL: [Self; 5] = [Self::Mono, Self::MonoBold, Self::Sans, Self::Adlam, Self::Emoji];
    /// Where a letter is looked for that the monospaced faces lack.
    const FALLBACK: [Self; 3] = [Self::Sans, Self::Adlam, Self::Emoji];

    /// The font's file.
    pub(crate) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Mono => include_bytes!("../fonts/DejaVuSansMono.ttf"),
            Self::MonoBold => include_bytes!("../fonts/DejaVuSansMono-Bold.ttf"),
            Self::Sans => include_bytes!("../fonts/DejaVuSans.ttf"),
            Self::Adlam => include_bytes!("../fonts/NotoSansAdlam-Regular.ttf"),
            Self::Emoji => include_bytes!("../fonts/NotoEmoji-Regular.ttf"),
        }
    }

    /// The font, read once. `None` in a broken build.
    pub(crate) fn font(self) -> Option<&'static FontRef<'static>> {
        type Read = LazyLock<Option<FontRef<'static>>>;
        static MONO: Read = LazyLock::new(|| FontRef::new(Face::Mono.bytes()).ok());
        static MONO_BOLD: Read = LazyLock::new(|| FontRef::new(Face::MonoBold.bytes()).ok());
        static SANS: Read = LazyLock::new(|| FontRef::new(Face::Sans.bytes()).ok());
        static ADLAM: Read = LazyLock::new(|| FontRef::new(Face::Adlam.bytes()).ok());
        static EMOJI: Read = LazyLock::new(|| FontRef::new(Face::Emoji.bytes()).ok());
        match self {
            Self::Mono => MONO.as_ref(),
            Self::MonoBold => MONO_BOLD.as_ref(),
            Self::Sans => SANS.as_ref(),
            Self::Adlam => ADLAM.as_ref(),
            Self::Emoji => EMOJI.as_ref(),
        }
    }

    fn has(self, c: char) -> bool {
        self.font().is_some_and(|font| font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0))
    }

    /// The face of a letter: monospaced where that can be, else the first that has it, else the one whose box stands
    /// for it.
    pub(crate) fn of(c: char, bold: bool) -> Self {
        let mono = if bold { Self::MonoBold } else { Self::Mono };
        if mono.has(c) {
            return mono;
        }
        Self::FALLBACK.into_iter().find(|face| face.has(c)).unwrap_or(Self::Sans)
    }
}
