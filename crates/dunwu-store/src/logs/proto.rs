//! The wire format of Protocol Buffers, as far as event files need it.

/// A field of a message.
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// Fields of a message, from first to last.
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field with its number; None at the end.
    ///
    /// # Errors
    /// What does not follow the format, in words.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, &'static str> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.fixed()?),
            2 => {
                let length =
                    usize::try_from(self.varint()?).map_err(|_| "a length is too large")?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(self.fixed()?),
            _ => return Err("a field has a type that is not known"),
        };
        Ok(Some((key >> 3, field)))
    }

    /// A number of seven bits a byte.
    pub(crate) fn varint(&mut self) -> Result<u64, &'static str> {
        let mut out = 0_u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.fixed::<1>()?;
            out |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(out);
            }
        }
        Err("a number has more than ten bytes")
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("N bytes were taken"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or("a field is longer than its message")?;
        self.0 = rest;
        Ok(taken)
    }
}
